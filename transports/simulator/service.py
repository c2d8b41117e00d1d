"""Responds to requests as the simulated service; it knows no sockets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from threading import Lock
from typing import Final, final

from ...core import Credentials, Response, TransportError
from .address_book import OWNER, invented_contacts
from .consent_page import decided, question
from .pages import begun_page, contacts_page, json_page, refusal, xml_page
from .received import ReceivedRequest
from .simulated_import import SimulatedImport

SERVICES: Final = (
    "gmail",
    "yahoo",
    "windowslive",
    "outlookcom",
    "office365",
    "aol",
    "icloud",
    "plaxo",
    "mail_ru",
    "csv",
    "vcard",
    "outlook",
    "addressbook",
    "linkedin",
)
"""Address book services that the simulated service knows; the real list grows."""

_FIRST_ID: Final = 90_000_001


@final
@dataclass(slots=True)
class _Known:
    """An import that the service knows."""

    played: SimulatedImport
    user_id: str | None = None
    echo: str | None = None
    service: str = ""
    redirect_url: str | None = None
    with_addresses: bool = False


@final
class Service:
    """All three steps of the service, for any number of imports; may be shared by threads.

    Args:
        credentials: The credentials that requests must have.
        imports: Imports that have begun already, by id.
        new_import: Makes the import for a step 1; its argument is whether a person has to decide.
        base_url: Returns the URL of the service, for consent pages.
    """

    def __init__(
        self,
        credentials: Credentials,
        imports: Mapping[str, SimulatedImport],
        *,
        new_import: Callable[[bool], SimulatedImport],
        base_url: Callable[[], str],
    ) -> None:
        self._credentials = credentials
        self._imports = {import_id: _Known(played) for import_id, played in imports.items()}
        self._new_import = new_import
        self._base_url = base_url
        self._tokens: dict[str, str] = {}
        self._next_id = _FIRST_ID
        self._lock = Lock()

    def respond(self, request: ReceivedRequest) -> Response | TransportError:
        """Return the response, or a `TransportError` if the connection has to be closed without one."""
        step = request.step
        if step is None:
            return self._refuse(request, HTTPStatus.NOT_FOUND, "Not found.")
        name, subject = step
        if (request.method == "POST") is not (name == "begin") and name != "consent":
            return self._refuse(request, HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed.")
        with self._lock:
            if name == "consent":
                return self._consent(request, subject)
            if not request.is_authorized(self._credentials):
                return self._refuse(request, HTTPStatus.UNAUTHORIZED, "Invalid domain key or password.")
            if name == "begin":
                return self._begin(request, subject)
            known = self._imports.get(subject)
            if known is None:
                return self._refuse(request, HTTPStatus.NOT_FOUND, "Import not found.")
            respond = self._events if name == "events" else self._contacts
            return respond(request, subject, known)

    def decide(self, import_id: str, *, allow: bool) -> bool:
        """Take a person's decision; return whether the import is known."""
        with self._lock:
            known = self._imports.get(import_id)
            if known is not None:
                known.played.decide(allow=allow)
            return known is not None

    def _begin(self, request: ReceivedRequest, kind: str) -> Response:
        arguments = request.arguments
        service = arguments.get("service", "").lower()
        if service not in SERVICES:
            problem = "The parameter service is missing." if not service else "Unknown service."
            return refusal(HTTPStatus.BAD_REQUEST, problem, in_xml=request.wants_xml, code=2)
        needs_password = kind == "import"
        if needs_password and not (arguments.get("username") and arguments.get("password")):
            return refusal(
                HTTPStatus.BAD_REQUEST,
                "A username and a password are needed.",
                in_xml=request.wants_xml,
                code=2,
            )
        import_id, self._next_id = str(self._next_id), self._next_id + 1
        known = _Known(
            self._new_import(not needs_password),
            arguments.get("user_id"),
            arguments.get("echo"),
            service,
            arguments.get("redirect_url"),
            "mailing_address" in arguments.get("include", ""),
        )
        self._imports[import_id] = known
        url = None
        if not needs_password:
            token = sha256(import_id.encode()).hexdigest()[:12]
            self._tokens[token] = import_id
            url = f"{self._base_url()}/n/{token}"
        return begun_page(import_id, url, known.user_id, known.echo, in_xml=request.wants_xml)

    def _events(self, request: ReceivedRequest, import_id: str, known: _Known) -> Response | TransportError:
        result = known.played.poll()
        if isinstance(result, Response | TransportError):
            return result
        page = xml_page if request.wants_xml else json_page
        return page(result, import_id, request.arguments.get("echo", known.echo), known.user_id)

    def _contacts(self, request: ReceivedRequest, import_id: str, known: _Known) -> Response:
        total = known.played.contact_count()
        if total is None:
            return self._refuse(request, HTTPStatus.NOT_FOUND, "The contacts are not there yet.")
        if known.played.contacts_deleted():
            return self._refuse(request, HTTPStatus.GONE, "The contacts have been deleted.")
        start, count = _number(request, "start"), _number(request, "count")
        if start is None or count is None:
            problem = "start and count must be numbers."
            return refusal(HTTPStatus.BAD_REQUEST, problem, in_xml=request.wants_xml, code=2)
        stop = min(start + count, total) if count and "start" in request.arguments else total
        contacts = list(invented_contacts(start, stop, with_addresses=known.with_addresses))
        echo = request.arguments.get("echo", known.echo)
        return contacts_page(contacts, OWNER, start, total, import_id, known.user_id, echo, in_xml=request.wants_xml)

    def _consent(self, request: ReceivedRequest, token: str) -> Response:
        known = self._imports.get(self._tokens.get(token, ""))
        if known is None:
            return self._refuse(request, HTTPStatus.NOT_FOUND, "Not found.")
        decision = request.arguments.get("decision")
        if request.method != "POST" or decision not in ("allow", "decline"):
            return question(known.service)
        known.played.decide(allow=decision == "allow")
        return decided(allowed=decision == "allow", redirect_url=known.redirect_url)

    def _refuse(self, request: ReceivedRequest, status: HTTPStatus, message: str) -> Response:
        return refusal(status, message, in_xml=request.wants_xml)


def _number(request: ReceivedRequest, name: str) -> int | None:
    """Return an argument that must be a number of up to 15 digits; None if it isn't."""
    text = request.arguments.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None

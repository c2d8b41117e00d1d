"""Step 1: the request that begins an import, and what its response says.

The facts are those of the service's page "Step 1" and of recorded responses: a form-encoded POST, to `user_consent` for
services that ask the person for consent, to `import` for those that take a username and a password.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from .codec import json_or_problem
from .credentials import Credentials
from .endpoint import PUBLIC_SERVICE, Auth, is_import_id, is_loopback
from .errors import InvalidArgument, InvalidType, RemoteProtocolError, wrong_type
from .events import error_message, is_count, optional_text
from .exchange import MAX_BODY, Request, Response
from .redaction import Redaction
from .secret import Secret
from .service_error import ServiceError, reason_for
from .service_request import service_request

_CONSENT_URL = re.compile(r"(https?)://([^\s/?#@\\]+)([/?#][!-~]*)?", re.IGNORECASE)
_PRINTABLE = re.compile(r"[!-~]+")


@final
@dataclass(frozen=True, slots=True)
class BegunImport:
    """An import that has begun.

    Attributes:
        import_id: The id to watch.
        consent_url: The page to open in the person's browser, with scheme https (or http on this machine); None if no
            consent is needed. It is not in the repr, because anyone who opens it can act as the person.
        user_id: The `user_id` that the import was begun with, or None.
        echo: The `echo` that the import was begun with, or None.

    >>> BegunImport("1126", "https://api.cloudsponge.com/n/VTGHPM3")
    BegunImport(import_id='1126')
    """

    import_id: str
    consent_url: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    echo: str | None = field(default=None, repr=False)


def begin_request(
    service: str,
    credentials: Credentials | None,
    *,
    username: str | None = None,
    password: str | None = None,
    include: Iterable[str] = (),
    redirect_url: str | None = None,
    user_id: str | None = None,
    echo: str | None = None,
    base_url: str = PUBLIC_SERVICE,
    auth: Auth = "basic",
    insecure_http: bool = False,
) -> Request:
    """Return the request that begins an import. Send it once: each copy begins another import.

    Args:
        service: The address book service, such as "gmail", "yahoo" or "icloud"; the service's list grows.
        credentials: The domain key and password; None sends none.
        username: The person's username at the provider, for services without a consent page.
        password: The person's password at the provider; required with `username`.
        include: Additional data; "mailing_address" adds postal addresses.
        redirect_url: Where the browser goes after the consent; leave it out if the consent page opens in a popup.
        user_id: Your name for the person; all three steps return it.
        echo: A text that all three steps return.
        base_url: The URL of the service.
        auth: How credentials are sent, "basic" in a header or "query" as form fields.
        insecure_http: Allow plain http to another machine.

    Raises:
        InvalidArgument: An argument can't be used; the message names it and shows no secret.
        InvalidType: An argument has the wrong type.

    >>> request = begin_request("gmail", Credentials("key", "password"), user_id="42")
    >>> print(request.method, request.url, request.body)
    POST https://api.cloudsponge.com/begin_import/user_consent.json b'service=gmail&user_id=42'
    """
    fields = {
        "service": service,
        "username": Secret(username) if isinstance(username, str) else username,
        "password": Secret(password) if isinstance(password, str) else password,
        "include": _joined(include),
        "redirect_url": redirect_url,
        "user_id": user_id,
        "echo": echo,
    }
    error = _problem(fields)
    path = "begin_import/user_consent.json" if username is None else "begin_import/import.json"
    del username, password  # error reporters print the locals of the frames that raise
    if error:
        del fields
        raise error
    return service_request(
        "POST",
        path,
        credentials,
        base_url=base_url,
        auth=auth,
        insecure_http=insecure_http,
        arguments={name: value for name, value in fields.items() if value},
    )


def read_begun(response: Response, *, needs_consent: bool = True, secrets: Iterable[str] = ()) -> BegunImport:
    """Return the import that a response to a `begin_request` says has begun.

    Args:
        response: The response.
        needs_consent: The request was made without a username, so the response must name a consent page.
        secrets: Texts that must not appear in error messages, such as both passwords.

    Raises:
        ServiceError: The service refused to begin the import.
        RemoteProtocolError: The body is not what the service's documentation describes. The import may have begun.

    >>> body = b'{"status": "success", "url": "https://api.cloudsponge.com/n/VTGHPM3", "import_id": 1126}'
    >>> read_begun(Response(200, {}, body)).import_id
    '1126'
    """
    redaction = Redaction(list(secrets))
    del secrets  # error reporters print the locals of the frames that raise
    if response.status not in (200, 201):
        raise _refused(response, redaction)
    begun = _begun(response.body, needs_consent=needs_consent)
    if begun is None:
        raise _refused(response, redaction)
    if isinstance(begun, str):
        raise RemoteProtocolError(begun)
    return begun


def _begun(body: bytes, *, needs_consent: bool) -> BegunImport | str | None:
    """Return the import, or a str with the problem, or None for a refusal.

    Nothing is raised here: the frame holds the consent URL, and error reporters print the locals of frames that raise.
    """
    if len(body) > MAX_BODY:
        return f"the response has more than {MAX_BODY:,} bytes"
    page, problem = json_or_problem(body)
    if problem:
        return problem
    if not isinstance(page, dict):
        return "the response is not a JSON object with an import_id"
    if page.get("status") == "failure" or "error" in page:
        return None
    found = page.get("import_id", page.get("id"))
    import_id = str(found) if is_count(found) else found
    if not is_import_id(import_id):
        return "the response has no usable import_id"
    url = page.get("url")
    if needs_consent and url is None:
        return f"the response has no consent URL for import {import_id}"
    if needs_consent and not is_consent_url(url):
        return f"the consent URL of import {import_id} is not an https URL"
    return BegunImport(
        import_id, url if needs_consent else None, *(optional_text(page.get(name)) for name in ("user_id", "echo"))
    )


def is_consent_url(url: object) -> bool:
    """Return whether `url` may be opened in a person's browser: https, or http on this machine, without a username.

    >>> is_consent_url("https://api.cloudsponge.com/n/VTGHPM3"), is_consent_url("javascript:alert(1)")
    (True, False)
    """
    if not isinstance(url, str) or not _PRINTABLE.fullmatch(url):
        return False
    found = _CONSENT_URL.fullmatch(url)
    return found is not None and (found[1].lower() == "https" or is_loopback(url))


def _joined(include: Iterable[str]) -> str:
    names: object = [include] if isinstance(include, str) else include
    if isinstance(names, Iterable):
        texts = list(names)
        if all(isinstance(text, str) for text in texts):
            return ",".join(texts)
    raise InvalidType("include must be a str or an iterable of str")


def _problem(fields: Mapping[str, object]) -> InvalidArgument | InvalidType | None:
    for name, value in fields.items():
        if value is None:
            continue
        if not isinstance(value, str):
            return wrong_type(name, "a str", value)
        if not value and name != "include":
            return InvalidArgument(f"{name} must not be empty")
        if not _is_utf8(value):
            return InvalidArgument(f"{name} must be text that UTF-8 can encode")
    if fields["service"] is None:
        return wrong_type("service", "a str", None)
    if (fields["username"] is None) != (fields["password"] is None):
        return InvalidArgument("username and password must be given together")
    if fields["username"] is not None and fields["redirect_url"] is not None:
        return InvalidArgument("redirect_url can't be given with username: no consent page is opened")
    return None


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refused(response: Response, redaction: Redaction) -> ServiceError:
    reason = "request" if response.status in (200, 201) else reason_for(response.status, of_contacts=False)
    said, code = _envelope(response.body, redaction)
    quoted = f": {said.rstrip('.')}" if said else ""
    return ServiceError(reason, _MESSAGES[reason].format(quoted), response.status, code)


def _envelope(body: bytes, redaction: Redaction) -> tuple[str | None, int | None]:
    """Return the message and the code of the service's error envelope."""
    # Redacted before it is read, because long messages are cut, perhaps in the middle of a secret.
    page, _ = json_or_problem(redaction.data(body)) if len(body) <= MAX_BODY else (None, None)
    error = page.get("error") if isinstance(page, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return error_message(page), code if type(code) is int else None


_MESSAGES: Final = {
    "credentials": "the service refused the domain key and password{}; check both",
    "request": "the service refused to begin the import{}; check the name of the service and the other arguments",
    "unavailable": "the service can't begin an import at the moment{}; try again later",
}

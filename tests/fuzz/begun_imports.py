"""Target: step 1, with any arguments of the request and any response to it."""

import json
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from spongewatch import (
    InvalidArgument,
    InvalidType,
    RemoteProtocolError,
    Response,
    ServiceError,
    begin_request,
    is_import_id,
    read_begun,
)

from .choices import Choices
from .oracles import BASE_URL, CREDENTIALS, PASSWORD, hold_no_secret, is_printable_line

_STATUSES = (200, 201, 400, 401, 404, 429, 503, 302, 204, 999)
_OF_THE_PERSON = "h/unter&22!"
_CONSENT = "https://api.cloudsponge.com/n/VTGHPM3"
_URLS = (
    _CONSENT,
    "http://127.0.0.1:8740/n/7",
    "http://api.cloudsponge.com/n/7",
    "https://key:word@api.cloudsponge.com/",
    "https://a\\@b/",
    "javascript:alert(1)",
    "https://a/\n",
    " https://a/",
    "",
    None,
    7,
)
_MEMBERS = ("import_id", "id", "url", "status", "user_id", "echo", "error")
_VALUES = (
    7,
    "89708927",
    "../../x",
    "success",
    "failure",
    True,
    None,
    -1,
    10**16,
    [],
    {"message": f"no {PASSWORD} and no {_OF_THE_PERSON}\x1b[2J", "code": 261},
    {"message": 196 * "x" + PASSWORD, "code": "261"},
    195 * "x" + _OF_THE_PERSON,
    {"code": 10**30},
    "\ud800\u202e",
)
_ARGUMENTS = ("username", "password", "include", "redirect_url", "user_id", "echo")


def _body(**members: object) -> bytes:
    return b"\x01\x00\x00" + json.dumps(members).encode()


SEEDS = (
    _body(status="success", url=_CONSENT, echo=None, import_type="OAUTH", import_id=89708927, user_id=None),
    _body(status="success", import_id="7", url="http://localhost/n/7", user_id="42", echo="mine"),
    b"\x01\x01\x01" + json.dumps({"id": 7}).encode(),
    _body(status="failure", error={"message": "PASSWORD and PERSONAL", "code": 2}),
    b"\x01\x00\x03" + 180 * b"x" + b"{",
    _body(error=180 * "x" + "PASSWORD"),
    b"\x01\x00\x06<html>Down</html>",
    *(bytes([0, 0, 0, 0, 0, 2, number]) for number in range(len(_URLS))),
    *(bytes([0, 0, number % 6, 6, number, 0, 0]) for number in range(len(_VALUES))),
    b"\x02\x05gmail\x01\x00\x04mira\x01\x01\x03p&w",
    b"\x02\x05gmail\x03\x03\x0bhttps://a/b",
)


def one_input(data: bytes) -> None:
    choices = Choices(data)
    match choices.number() % 3:
        case 0:
            needs_consent, status = choices.flag(), choices.pick(_STATUSES)
            _is_read(Response(status, {}, _made(choices)), needs_consent)
        case 1:
            needs_consent, status = not choices.flag(), choices.pick(_STATUSES)
            _is_read(Response(status, {}, _with_passwords(choices.bytes(len(data)))), needs_consent)
        case _:
            _is_requested(choices)


def _is_read(response: Response, needs_consent: bool) -> None:
    secrets = (CREDENTIALS.domain_password, CREDENTIALS.basic()[6:], _OF_THE_PERSON)
    try:
        begun = read_begun(response, needs_consent=needs_consent, secrets=secrets)
    except (ServiceError, RemoteProtocolError) as error:
        is_printable_line(error)
        hold_no_secret(error, repr(error))
        assert "h/unter" not in str(error)
        return
    assert response.status in (200, 201)
    assert is_import_id(begun.import_id)
    assert repr(begun) == f"BegunImport(import_id={begun.import_id!r})"
    assert (begun.consent_url is not None) is needs_consent
    if begun.consent_url is not None:
        url = urlsplit(begun.consent_url)
        assert begun.consent_url.isprintable()
        assert url.hostname
        assert url.username is None
        assert url.scheme == "https" or url.hostname in ("localhost", "::1") or url.hostname.startswith("127.")


def _is_requested(choices: Choices) -> None:
    """Check that the form of the request has exactly the arguments, or that one is refused by name."""
    service = choices.text()
    arguments = {choices.pick(_ARGUMENTS): choices.text() for _ in range(choices.number() % 7)}
    with suppress(UnicodeError):  # any text, not only Latin-1
        arguments = {name: value.encode("latin-1").decode() for name, value in arguments.items()}
    if "password" in arguments:
        arguments["password"] += _OF_THE_PERSON
    try:
        request = begin_request(service, CREDENTIALS, base_url=BASE_URL, **arguments)
    except (InvalidArgument, InvalidType) as error:
        is_printable_line(error)
        hold_no_secret(error, repr(error))
        assert _OF_THE_PERSON not in str(error)
        return
    hold_no_secret(repr(request))
    assert _OF_THE_PERSON not in repr(request)
    assert request.method == "POST"
    assert "?" not in request.url
    fields = parse_qs(request.body.decode("ascii"), strict_parsing=True)
    sent = {name: [value] for name, value in {"service": service, **arguments}.items() if value}
    assert fields == sent


def _made(choices: Choices) -> bytes:
    members: dict[str, object] = {"import_id": 7, "url": _CONSENT}
    while choices.more() and len(members) < 8:
        name = choices.pick(_MEMBERS)
        members[name] = choices.pick(_URLS if name == "url" else _VALUES)
    return json.dumps(members).encode()


def _with_passwords(body: bytes) -> bytes:
    """Replace two words by passwords, so that fuzzing doesn't mutate them."""
    own = json.dumps(PASSWORD)[1:-1].encode()
    return body.replace(b"PASSWORD", own).replace(b"PERSONAL", _OF_THE_PERSON.encode())

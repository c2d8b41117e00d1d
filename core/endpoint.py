"""The one request that the protocol knows, and the checks of what goes into it."""

import re
from typing import Final, Literal, TypeGuard
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from .credentials import Credentials
from .errors import InvalidType, LocalProtocolError
from .exchange import Request
from .secret import Secret
from .text import shown

PUBLIC_SERVICE: Final = "https://api.cloudsponge.com"
"""Where the service is, unless a base url says otherwise."""

Format = Literal["json", "xml"]
"""What the answers are asked for in."""

Auth = Literal["basic", "query"]
"""How the credentials are sent: as an `Authorization` header, or as arguments in the query, which leak into logs."""

FORMATS: Final[tuple[Format, ...]] = ("json", "xml")
AUTHS: Final[tuple[Auth, ...]] = ("basic", "query")

_ACCEPT = {"json": "application/json", "xml": "application/xml"}
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}|::1|localhost")
_IMPORT_ID = re.compile(r"(?!0)[0-9A-Za-z_-]{1,64}")
_TOO_LARGE: Final = 10**64
_BASE_URL = re.compile(r"[!-\[\]-~]+")  # without a backslash, where readers of urls differ


def events_request(
    import_id: str,
    credentials: Credentials | None,
    *,
    base_url: str,
    format: Format,
    auth: Auth,
    echo: str | None,
    insecure_http: bool,
) -> Request:
    """`GET {base_url}/events/{import_id}.{format}`; without credentials none are sent.

    The pair goes into an HTTP Basic header, or, where asked for, into the query, which leaks into logs.
    Raises `LocalProtocolError` for what can't go into a request, without a secret in its text.
    """
    if not is_import_id(import_id):
        raise _no_import_id(import_id)
    if format not in FORMATS:
        raise LocalProtocolError(f"a format is json or xml, not {shown(format)}")
    if auth not in AUTHS:
        raise LocalProtocolError(f"auth is basic or query, not {shown(auth)}")
    base = checked_base_url(base_url, insecure_http=insecure_http)
    if echo is not None and not _is_echo(echo):
        raise LocalProtocolError("echo is a text of one character or more that UTF-8 can write")
    headers = {"accept": _ACCEPT[format], "cache-control": "no-cache"}
    if credentials and auth == "basic":
        headers["authorization"] = credentials.basic()
    query = _query(credentials if auth == "query" else None, echo)
    return Request("GET", Secret(f"{base}/events/{import_id}.{format}{query}"), headers)


def import_id_text(import_id: str | int) -> str:
    """Return an import id as text; the service sends integers.

    Text is returned as it is: `is_import_id` says whether it can be used.

    Raises:
        InvalidType: `import_id` is neither a str nor an int.
        LocalProtocolError: `import_id` is an int that can't be an import id.

    >>> import_id_text(89708927), import_id_text("89708927")
    ('89708927', '89708927')
    """
    if isinstance(import_id, str):
        return import_id
    if not isinstance(import_id, int) or isinstance(import_id, bool):
        raise InvalidType(f"import_id must be a str or an int, not {type(import_id).__name__}")
    if 0 < import_id < _TOO_LARGE:
        return str(int(import_id))
    raise _no_import_id(import_id)


def checked_import_id(import_id: str | int) -> str:
    """Return an import id as text.

    Raises:
        InvalidType: `import_id` is neither a str nor an int.
        LocalProtocolError: `import_id` can't be an import id.
    """
    text = import_id_text(import_id)
    if is_import_id(text):
        return text
    raise _no_import_id(text)


def is_import_id(value: object) -> TypeGuard[str]:
    """True for what may stand as an import id in a path.

    >>> is_import_id("89708927"), is_import_id("../1126"), is_import_id("0")
    (True, False, False)
    """
    return isinstance(value, str) and _IMPORT_ID.fullmatch(value) is not None


def checked_base_url(base_url: str, *, insecure_http: bool) -> str:
    """`base_url` without a slash at its end.

    Raises `LocalProtocolError` where it is no plain http or https url, holds credentials, or is http to
    anywhere but this machine, unless `insecure_http` says that this is wanted. The url stays out of the text.
    """
    base_url = Secret(base_url if isinstance(base_url, str) else "")  # it may hold credentials
    if problem := _problem(base_url, insecure_http=insecure_http):
        raise LocalProtocolError(problem)
    return Secret(base_url.rstrip("/"))


def is_loopback(url: str) -> bool:
    """Return whether `url` leads to this machine."""
    parts = _split(url)
    return parts is not None and _LOOPBACK.fullmatch(parts.hostname or "") is not None


def is_public_service(base_url: str) -> bool:
    """True where `base_url` leads to CloudSponge's own host, whose limits hold."""
    return (urlsplit(base_url).hostname or "").rstrip(".") == urlsplit(PUBLIC_SERVICE).hostname


def _problem(base_url: str, *, insecure_http: bool) -> str | None:
    parts = _split(base_url)
    if parts is None:
        return "the base url is no url such as https://api.example.com"
    if parts.username is not None:  # where there is a password, it is a text, if an empty one
        return "the base url holds credentials; they have a place of their own"
    if "?" in base_url or "#" in base_url:
        return "the base url has a query or a fragment, and can't have either"
    if parts.scheme == "http" and not insecure_http and not _LOOPBACK.fullmatch(parts.hostname or ""):
        return (
            "the base url is plain http, which would show the password to everybody on the way; "
            "use https, or say that insecure http is wanted"
        )
    return None


def _split(base_url: str) -> SplitResult | None:
    try:
        parts = urlsplit(base_url) if _BASE_URL.fullmatch(base_url) else None
        if parts and parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0):
            return parts
    except ValueError:
        pass
    return None


def _no_import_id(import_id: object) -> LocalProtocolError:
    return LocalProtocolError(
        "an import id is 1 to 64 letters, digits, dashes and underscores, without a leading zero, "
        f"not {shown(import_id)}"
    )


def _query(credentials: Credentials | None, echo: str | None) -> Secret:
    arguments: dict[str, str] = {}
    if credentials:
        arguments |= {"domain_key": credentials.domain_key, "domain_password": credentials.domain_password}
    if echo is not None:
        arguments["echo"] = echo
    return Secret(f"?{urlencode(arguments, quote_via=quote)}" if arguments else "")


def _is_echo(echo: str) -> bool:
    try:
        return bool(echo.encode())
    except (AttributeError, UnicodeEncodeError):
        return False

"""The request for the events of an import, and the checks of everything that goes into it.

The protocol's page "Step 2: Wait for Import" describes the request.
"""

import re
from typing import Final, Literal, TypeGuard, get_args
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from .credentials import Credentials
from .errors import InvalidArgument, InvalidType, not_one_of, wrong_type
from .exchange import Request
from .secret import Secret
from .text import shown

PUBLIC_SERVICE: Final = "https://api.cloudsponge.com"
"""The base URL of CloudSponge itself, the default of every `base_url`."""

Format = Literal["json", "xml"]
"""The format of responses."""

Auth = Literal["basic", "query"]
"""How credentials are sent: in the `Authorization` header, or in the query, which servers and proxies log."""

FORMATS: Final[tuple[Format, ...]] = get_args(Format)
AUTHS: Final[tuple[Auth, ...]] = get_args(Auth)

_ACCEPT = {"json": "application/json", "xml": "application/xml"}
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}|::1|localhost")
_IMPORT_ID = re.compile(r"(?!0)[0-9A-Za-z_-]{1,64}")
_TOO_LARGE: Final = 10**64
_BASE_URL = re.compile(r"[!-\[\]-~]+")  # no backslash: URL parsers disagree on what follows one
_NO_TEXT: Final = Secret("")


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
    """Return the request `GET {base_url}/events/{import_id}.{format}`.

    Raises:
        InvalidType: `base_url` or `echo` is not a str.
        InvalidArgument: An argument can't be used in a request. No message contains a secret.
    """
    if format not in FORMATS:
        raise not_one_of("format", FORMATS, format)
    if auth not in AUTHS:
        raise not_one_of("auth", AUTHS, auth)
    base = checked_base_url(base_url, insecure_http=insecure_http)
    if echo is not None:
        check_echo(echo)
    headers = {"accept": _ACCEPT[format], "cache-control": "no-cache"}
    if credentials and auth == "basic":
        headers["authorization"] = credentials.basic()
    query = _query(credentials if auth == "query" else None, echo)
    return Request("GET", Secret(f"{base}/events/{import_id}.{format}{query}"), headers)


def import_id_text(import_id: str | int) -> str:
    """Return an import id as a str; the service sends integers. A str is returned unchecked.

    Raises:
        InvalidType: `import_id` is neither a str nor an int.
        InvalidArgument: `import_id` is an int that can't be an import id.

    >>> import_id_text(89708927), import_id_text("89708927")
    ('89708927', '89708927')
    """
    if isinstance(import_id, str):
        return import_id
    if not isinstance(import_id, int) or isinstance(import_id, bool):
        raise wrong_type("import_id", "a str or an int", import_id)
    if 0 < import_id < _TOO_LARGE:
        return str(int(import_id))
    raise _no_import_id(import_id)


def checked_import_id(import_id: str | int) -> str:
    """Return an import id as a str, after checking it; the exceptions are those of `import_id_text`.

    >>> checked_import_id(1126)
    '1126'
    """
    text = import_id_text(import_id)
    if is_import_id(text):
        return text
    raise _no_import_id(text)


def is_import_id(value: object) -> TypeGuard[str]:
    """Return whether `value` is a str that can be an import id in a URL.

    These are 1 to 64 letters, digits, dashes and underscores, without a leading zero.

    Args:
        value: Anything.

    >>> is_import_id("89708927"), is_import_id("../1126"), is_import_id("0")
    (True, False, False)
    """
    return isinstance(value, str) and _IMPORT_ID.fullmatch(value) is not None


def hidden_url(base_url: str) -> str:
    """Return `base_url`, which may contain credentials, so that tracebacks don't show it."""
    if isinstance(base_url, Secret):
        return base_url
    return Secret(base_url) if isinstance(base_url, str) else _NO_TEXT


def checked_base_url(base_url: str, *, insecure_http: bool) -> str:
    """Return a base URL without trailing slashes.

    Args:
        base_url: The result of `hidden_url`.
        insecure_http: Accept plain http to hosts other than this machine.

    Raises:
        InvalidType: `base_url` was not a str.
        InvalidArgument: `base_url` is not an http or https URL, contains credentials, a query or a fragment, or is
            plain http that isn't accepted. The message doesn't show it.
    """
    if base_url is _NO_TEXT:
        raise InvalidType("base_url must be a str")
    if problem := _problem(base_url, insecure_http=insecure_http):
        raise InvalidArgument(f"base_url {problem}")
    return Secret(base_url.rstrip("/"))


def is_loopback(url: str) -> bool:
    """Return whether `url` leads to this machine."""
    parts = _split(url)
    return parts is not None and _LOOPBACK.fullmatch(parts.hostname or "") is not None


def is_public_service(base_url: str) -> bool:
    """Return whether `base_url` leads to CloudSponge's own host, which limits the rate of polls."""
    return (urlsplit(base_url).hostname or "").rstrip(".") == urlsplit(PUBLIC_SERVICE).hostname


def check_echo(echo: str) -> None:
    """Raise `InvalidType` or `InvalidArgument` if `echo` can't be sent."""
    if not isinstance(echo, str):
        raise wrong_type("echo", "a str or None", echo)
    if not is_echo(echo):
        raise InvalidArgument("echo must be text of at least one character, without lone surrogates")


def is_echo(echo: str) -> bool:
    """Return whether `echo` is not empty and UTF-8 can encode it."""
    return echo != "" and echo.encode(errors="ignore").decode() == echo


def _problem(base_url: str, *, insecure_http: bool) -> str | None:
    parts = _split(base_url)
    if parts is None:
        return "must be an http or https URL, such as https://api.example.com"
    if parts.username is not None:  # a URL with a password always has a user name, if an empty one
        return "must not contain credentials; pass them as credentials"
    if "?" in base_url or "#" in base_url:
        return "must not contain a query or a fragment"
    if parts.scheme == "http" and not insecure_http and not _LOOPBACK.fullmatch(parts.hostname or ""):
        return "must not be plain http, which sends the password unencrypted; use https, or insecure_http=True"
    return None


def _split(base_url: str) -> SplitResult | None:
    try:
        parts = urlsplit(base_url) if _BASE_URL.fullmatch(base_url) else None
        if parts and parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0):
            return parts
    except ValueError:
        pass
    return None


def _no_import_id(import_id: object) -> InvalidArgument:
    return InvalidArgument(
        "import_id must be 1 to 64 letters, digits, dashes and underscores, without a leading zero, "
        f"not {shown(import_id)}"
    )


def _query(credentials: Credentials | None, echo: str | None) -> Secret:
    arguments: dict[str, str] = {}
    if credentials:
        arguments |= {"domain_key": credentials.domain_key, "domain_password": credentials.domain_password}
    if echo is not None:
        arguments["echo"] = echo
    return Secret(f"?{urlencode(arguments, quote_via=quote)}" if arguments else "")

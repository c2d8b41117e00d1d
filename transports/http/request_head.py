"""Checks the parts of a request, and formats its request line and headers."""

import re
from typing import Final

from ... import __version__
from ...core import InvalidArgument, Request
from ...core._shared import Secret
from .origins import Origin

_OWN_HEADERS: Final = {"accept-encoding": "gzip", "user-agent": f"spongewatch/{__version__}"}

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
"""A method or the name of a header (RFC 9110 §5.6.2)."""

_TARGET: Final = re.compile(r"[!-~]+")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
"""The value of a header (RFC 9110 §5.5), which is sent as Latin-1."""


def check_request(request: Request, target: Secret) -> None:
    """Check that HTTP allows `request`.

    Raises:
        InvalidArgument: HTTP doesn't allow the method, the URL, or the name or value of a header.
    """
    if not request.method or not _TOKEN.fullmatch(request.method):
        raise InvalidArgument("request has a method that HTTP doesn't allow")
    if not _TARGET.fullmatch(target):
        raise InvalidArgument("request has a URL that HTTP doesn't allow")
    if "" in request.headers or not _TOKEN.fullmatch("".join(request.headers)):
        raise InvalidArgument("request has a header name that HTTP doesn't allow")
    if not _VALUE.fullmatch("".join(request.headers.values())):
        raise InvalidArgument("request has a header value that HTTP doesn't allow")


def request_head(request: Request, target: Secret, origin: Origin) -> bytes:
    """Return the request line and the headers of a request that was checked.

    The result contains the credentials, so don't keep it in a variable.
    """
    headers = {"host": origin.authority, **_OWN_HEADERS, **request.headers}
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers["content-length"] = str(len(request.body))
    if origin.proxy is not None and origin.proxy.authorization is not None and origin.scheme == "http":
        headers["proxy-authorization"] = origin.proxy.authorization
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{request.method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")

"""`Request` and `Response`: what a transport sends and returns. Header names are in lower case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NoReturn, Self, final

from .errors import InvalidArgument, InvalidType, LocalProtocolError, wrong_type
from .text import shown

MAX_BODY: Final = 1024 * 1024
"""The largest response body that is read, in bytes, unless a request sets `max_body`."""

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@final
@dataclass(frozen=True, slots=True, init=False)
class Request:
    """One HTTP request.

    The URL, the headers and the body may hold credentials, so the repr leaves them out.

    Args:
        method: The HTTP method.
        url: The absolute URL with its query.
        headers: Header names in lower case, with their values.
        body: The bytes to send; empty for none.
        max_body: The largest response body to accept, in bytes, after content decoding.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: `max_body` is negative.

    >>> Request("GET", "https://api.example/events/1126.json", {"authorization": "Basic ..."})
    Request(method='GET')
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    max_body: int

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes = b"",
        max_body: int = MAX_BODY,
    ) -> None:
        for name, value in (("method", method), ("url", url), ("headers", headers), ("body", body)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "max_body", max_body)
        del url, headers, body, name, value  # error reporters print the locals of the frames that raise
        self._check()
        object.__setattr__(self, "headers", MappingProxyType(dict(self.headers)))

    def _check(self) -> None:
        for name in ("method", "url"):
            if not isinstance(getattr(self, name), str):
                raise wrong_type(name, "a str", getattr(self, name))
        if error := _headers_error(self.headers):
            raise error
        if not isinstance(self.body, bytes):
            raise wrong_type("body", "bytes", self.body)
        if not isinstance(self.max_body, int) or isinstance(self.max_body, bool):
            raise wrong_type("max_body", "an int", self.max_body)
        if self.max_body < 0:
            raise InvalidArgument("max_body must be at least 0")

    def __repr__(self) -> str:
        method = getattr(self, "method", None)
        return f"Request(method={method!r})" if isinstance(method, str) else "Request()"

    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("a Request can't be pickled, since it holds the password; save the session instead")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


@final
@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response.

    Args:
        status: The status code, from 0 to 999.
        headers: Header names in lower case, with their values. Default: none.
        body: The bytes of the body, after content decoding. Default: empty.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: `status` is out of range.

    >>> Response(200, {"content-type": "application/json"}, b'{"events": []}')
    Response(status=200)
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    _cleaned_by: object = field(default=None, init=False, repr=False, compare=False)
    """The `Redaction` that has removed its secrets from this response."""

    def __post_init__(self) -> None:
        if not isinstance(self.status, int) or isinstance(self.status, bool):
            raise wrong_type("status", "an int", self.status)
        if not 0 <= self.status <= 999:
            raise InvalidArgument(f"status must be from 0 to 999, not {shown(self.status)}")
        if error := _headers_error(self.headers):
            raise error
        if not isinstance(self.body, bytes):
            raise wrong_type("body", "bytes", self.body)
        object.__setattr__(self, "headers", MappingProxyType(dict(self.headers)))

    def __repr__(self) -> str:
        status = getattr(self, "status", None)
        return f"Response(status={status})" if isinstance(status, int) and 0 <= status <= 999 else "Response()"

    def __reduce__(self) -> tuple[type["Response"], tuple[int, dict[str, str], bytes]]:
        return Response, (self.status, dict(self.headers), self.body)  # a MappingProxyType can't be pickled


def _headers_error(headers: object) -> InvalidType | None:
    if not isinstance(headers, Mapping):
        return wrong_type("headers", "a mapping", headers)
    if not all(isinstance(text, str) for pair in headers.items() for text in pair):
        return InvalidType("headers must map str to str")
    return None

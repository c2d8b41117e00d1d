"""What a transport carries: one `Request` out, one `Response` back; header names in lower case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NoReturn, Self, final

from .errors import InvalidArgument, InvalidType, LocalProtocolError
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
                raise InvalidType(f"{name} must be a str, not {type(getattr(self, name)).__name__}")
        if not isinstance(self.headers, Mapping):
            raise InvalidType(f"headers must be a mapping, not {type(self.headers).__name__}")
        if not all(isinstance(text, str) for pair in self.headers.items() for text in pair):
            raise InvalidType("headers must map str to str")
        if not isinstance(self.body, bytes):
            raise InvalidType(f"body must be bytes, not {type(self.body).__name__}")
        if not isinstance(self.max_body, int) or isinstance(self.max_body, bool):
            raise InvalidType(f"max_body must be an int, not {type(self.max_body).__name__}")
        if self.max_body < 0:
            raise InvalidArgument("max_body must be at least 0")

    def __repr__(self) -> str:
        method = getattr(self, "method", None)
        return f"Request(method={method!r})" if isinstance(method, str) else "Request()"

    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("no request is pickled, for it holds the password: keep what session.save() gives")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


@final
@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer: its status, its headers, their names in lower case, and its body.

    `body` is its bytes as they were before any content encoding. Raises `LocalProtocolError` for a status that
    is no number of three digits, for headers that are not texts, and for a body that is not bytes.

    >>> Response(200, {"content-type": "application/json"}, b'{"events": []}')
    Response(status=200)
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    _cleaned_by: object = field(default=None, init=False, repr=False, compare=False)
    """The `Redaction` that removed its secrets from this response; not pickled."""

    def __post_init__(self) -> None:
        if not isinstance(self.status, int) or isinstance(self.status, bool) or not 0 <= self.status <= 999:
            raise LocalProtocolError(f"the status of an answer is a number from 0 to 999, not {shown(self.status)}")
        if not isinstance(self.body, bytes):
            raise LocalProtocolError(f"the body of an answer is bytes, not {type(self.body).__name__}")
        if not isinstance(self.headers, Mapping):
            raise LocalProtocolError(f"the headers of an answer are a mapping, not {type(self.headers).__name__}")
        headers = dict(self.headers)
        if not all(isinstance(name, str) and isinstance(value, str) for name, value in headers.items()):
            raise LocalProtocolError("the headers of an answer are texts, and so are their names")
        object.__setattr__(self, "headers", MappingProxyType(headers))

    def __repr__(self) -> str:
        status = getattr(self, "status", None)
        return f"Response(status={status})" if isinstance(status, int) and 0 <= status <= 999 else "Response()"

    def __reduce__(self) -> tuple[type["Response"], tuple[int, dict[str, str], bytes]]:
        return Response, (self.status, dict(self.headers), self.body)  # a read-only mapping is not pickled

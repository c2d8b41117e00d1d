"""What a transport carries: one `Request` out, one `Response` back; header names in lower case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NoReturn, Self, final

from .errors import LocalProtocolError
from .text import shown


@final
@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: the url with its query, and the headers, their names in lower case.

    Both hold credentials, and stay out of the repr.

    >>> Request("GET", "https://api.example/events/1126.json", {"authorization": "Basic ..."})
    Request(method='GET')
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", MappingProxyType(dict(self.headers)))

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

    def __reduce__(self) -> tuple[type["Response"], tuple[int, dict[str, str], bytes]]:
        return Response, (self.status, dict(self.headers), self.body)  # a read-only mapping is not pickled

"""Reads a request to the simulated service: which step it is, of which import, with which arguments and credentials.

Existing clients write the paths in several ways, and all of them are read: `/events/7`, `/events/7.json`,
`/events.xml/7`, and a slash at the end.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, final
from urllib.parse import parse_qsl, unquote

from ...core import Credentials

_PATHS = {
    "begin": re.compile(r"/begin_import/(user_consent|import|desktop_applet)(?:\.json|\.xml)?/?"),
    "events": re.compile(r"/events(?:\.json|\.xml)?/(.+?)(?:\.json|\.xml)?/?", re.DOTALL),
    "contacts": re.compile(r"/contacts(?:\.json|\.xml)?/(.+?)(?:\.json|\.xml)?/?", re.DOTALL),
    "consent": re.compile(r"/n/([A-Za-z0-9_-]+)"),
}
_XML = re.compile(r"\.xml(/|$)")


@final
@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request, split into its parts. The repr leaves out everything that may hold credentials.

    Attributes:
        method: The HTTP method.
        path: The path as it was sent, without the query.
        arguments: The arguments in the query and in a form-encoded body.
        authorization: The `Authorization` header, or None.
    """

    method: str
    path: str
    arguments: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(repr=False)

    @classmethod
    def of(cls, method: str, target: str, authorization: str | None, body: bytes = b"") -> Self:
        """Split a request target, such as `/events/1126.json?echo=a`, and a form-encoded body."""
        path, _, query = target.partition("?")
        sent = [
            *parse_qsl(query, keep_blank_values=True),
            *parse_qsl(body.decode(errors="replace"), keep_blank_values=True),
        ]
        return cls(method, path, dict(sent), authorization)

    @property
    def wants_xml(self) -> bool:
        """Whether the response has to be XML; without a suffix it is JSON."""
        return _XML.search(self.path) is not None

    @property
    def step(self) -> tuple[str, str] | None:
        """The step (`begin`, `events`, `contacts` or `consent`) and what it is about; None for any other path."""
        path = unquote(self.path)
        for name, pattern in _PATHS.items():
            if match := pattern.fullmatch(path):
                return name, match[1]
        return None

    def is_authorized(self, credentials: Credentials) -> bool:
        """Whether the request has `credentials`, as HTTP Basic or, without a header, as arguments."""
        if self.authorization is None:
            pair = (self.arguments.get("domain_key"), self.arguments.get("domain_password"))
            return pair == (credentials.domain_key, credentials.domain_password)
        scheme, _, token = self.authorization.partition(" ")
        return f"{scheme.title()} {token.strip()}" == credentials.basic()

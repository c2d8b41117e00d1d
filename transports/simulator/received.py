"""Reads the format, the import and the credentials from a request to the simulated service."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, final
from urllib.parse import parse_qsl, unquote

from ...core import Credentials

_EVENTS = re.compile(r"/events/(.+?)(?:\.json|\.xml)?", re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """The target and the `Authorization` header of a request, split into their parts.

    The repr leaves out everything that may hold credentials.
    """

    path: str
    arguments: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(repr=False)

    @classmethod
    def of(cls, target: str, authorization: str | None) -> Self:
        """Split a request target, such as `/events/1126.json?echo=a`."""
        path, _, query = target.partition("?")
        return cls(path, dict(parse_qsl(query, keep_blank_values=True)), authorization)

    @property
    def wants_xml(self) -> bool:
        """Whether the response has to be XML; without a suffix it is JSON."""
        return self.path.endswith(".xml")

    @property
    def polled_import(self) -> str | None:
        """The id of the import whose events are requested, None for any other path."""
        match = _EVENTS.fullmatch(unquote(self.path))
        return match[1] if match else None

    def is_authorized(self, credentials: Credentials) -> bool:
        """Whether the request has `credentials`, as HTTP Basic or, without a header, in the query."""
        if self.authorization is None:
            pair = (self.arguments.get("domain_key"), self.arguments.get("domain_password"))
            return pair == (credentials.domain_key, credentials.domain_password)
        scheme, _, token = self.authorization.partition(" ")
        return f"{scheme.title()} {token.strip()}" == credentials.basic()

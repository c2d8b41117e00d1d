"""Reads URLs of recorded requests: the import that they poll, and the target of a redirect.

Recorded URLs may be invalid, because test suites replace credentials by placeholders such as `[PASSWORD]` or
`<%= ENV["PASSWORD"] %>`. So nothing here uses a strict parser.
"""

import re
from typing import Final, NamedTuple

from ....core import is_import_id

MAX_URL: Final = 8_192
"""Upper bound for the characters of a poll's URL, all of which are searched for credentials."""

_TEMPLATE = re.compile(r"<%[^%]*%>|\{\{[^{}]*}}|[$%]\{[^{}]*}")
_PARTS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?", re.DOTALL)
_POLL = re.compile(
    r"(?:.*/)?events(?:\.(?:json|xml))?/+([^/;.]+)(?:\.(?:json|xml))?(?:;[^/]*)?/*", re.IGNORECASE | re.DOTALL
)
_PORTS = {"http": ":80", "https": ":443"}


class RecordedUrl(NamedTuple):
    """The parts of a URL; missing ones are empty."""

    scheme: str
    user: str
    password: str
    host: str
    path: str
    query: str

    @property
    def place(self) -> tuple[str, str, str]:
        """The URL without its credentials and its query."""
        return self.scheme, self.host, self.path


def split_url(url: str) -> RecordedUrl:
    """Split `url`, which may be any string, into its parts.

    >>> split_url("https://[KEY]:[PASSWORD]@api.example.com/events/1126?echo=1").host
    'api.example.com'
    """
    parts = _PARTS.match(_TEMPLATE.sub("", url))  # templates may contain separators
    assert parts is not None  # all parts are optional
    scheme, authority = (parts[1] or "").lower(), parts[2] or ""
    credentials, _, host = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    return RecordedUrl(
        scheme, user, password, host.lower().removesuffix(_PORTS.get(scheme, ":")), parts[3], (parts[4] or "")[1:]
    )


def polled_import(url: str) -> str | None:
    """Return the id of the import that `GET url` polls, None if it polls none.

    Polls are `.../events/ID`, with the format after the id or, in older Java and .NET clients, after `events`. A
    trailing slash is allowed.

    >>> polled_import("https://api.example.com/events.json/1126?domain_key=k"), polled_import("/events/1126.xml/")
    ('1126', '1126')
    """
    path = split_url(url[:MAX_URL]).path
    found = _POLL.fullmatch(path) if "events" in path.lower() else None
    return found[1] if found and is_import_id(found[1]) else None


def redirect_target(url: str, location: str) -> RecordedUrl:
    """Return the target of a redirect from `url` to `location`, which may be relative."""
    base, target = split_url(url), split_url(location)
    if target.host:
        return target._replace(scheme=target.scheme or base.scheme)
    folder = "" if target.path.startswith("/") else base.path.rpartition("/")[0] + "/"
    return base._replace(path=folder + target.path, query=target.query)

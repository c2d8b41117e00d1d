"""The requests that a reader of a foreign format returns, and lookups that tolerate different spellings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

from ....core import Response, TransportError

NOT_RECORDED: Final = "no response was recorded"

_MAX_MEMBERS: Final = 64
"""Upper bound for the keys of an object in which other spellings are tried; recorded messages have fewer."""


class EntryError(ValueError):
    """A recorded request or response can't be read; the message says why."""


@final
@dataclass(frozen=True, slots=True)
class CapturedResponse:
    """The response to one recorded request.

    Args:
        response: The response, or the error that was recorded in its place.
        sent: When the request was sent, in seconds on any clock; None if that was not recorded.
        took: Seconds until the response arrived.
        location: The target of a redirect, as recorded; empty without one.
        missing: Why there is no readable body and how to record one; empty if there is one.
        extra: Bytes that were decompressed, or read from a file next to the recording.
    """

    response: Response | TransportError
    sent: float | None = None
    took: float = 0.0
    location: str = ""
    missing: str = ""
    extra: int = 0


@final
@dataclass(frozen=True, slots=True)
class CapturedRequest:
    """One recorded request of any kind.

    Args:
        recorded: The request as recorded: an object with `method`, `url` or `uri`, and `headers`.
        read: Returns the response or raises `EntryError`; called for polls only.
    """

    recorded: object = field(repr=False)
    read: Callable[[], CapturedResponse] = field(repr=False)

    @property
    def url(self) -> str:
        """The URL, empty if it has none."""
        return url_of(self.recorded)

    @property
    def is_get(self) -> bool:
        """Whether the method is GET, which is assumed if none was recorded."""
        method = text_of(member(self.recorded, "method"))
        return method is None or (isinstance(method, str) and method.lower() in ("get", ":get"))  # a symbol in Ruby


def member(obj: object, *names: str) -> object:
    """Return `obj[name1][name2]...`, None if a key is missing.

    Programs in C# and Java write `RecordedAt` or `recordedAt` for `recorded_at`, so a key that is not found is looked
    up without regard to case, dashes and underscores.
    """
    for name in names:
        if not isinstance(obj, dict):
            return None
        if name in obj or len(obj) > _MAX_MEMBERS:
            obj = obj.get(name)
        else:
            wanted = plain_name(name)
            obj = next((value for key, value in obj.items() if plain_name(key) == wanted), None)
    return obj


def url_of(request: object) -> str:
    """Return the URL of a recorded request, empty if it has none."""
    url = text_of(member(request, "url") or member(request, "uri"))
    return url if isinstance(url, str) else ""


def plain_name(name: object) -> str:
    """Return `name` in lower case, without dashes and underscores; empty if it is not a string."""
    text = text_of(name)
    return text.replace("-", "").replace("_", "").lower() if isinstance(text, str) else ""


def text_of(recorded: object) -> object:
    """Decode bytes as UTF-8, else as Latin-1; return other values unchanged."""
    if not isinstance(recorded, bytes):
        return recorded
    try:
        return recorded.decode()
    except UnicodeDecodeError:
        return recorded.decode("latin-1")

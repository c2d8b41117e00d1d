"""The exceptions of this library.

The class says whose fault it was: the caller's (`InvalidArgument`, `InvalidType`, `LocalProtocolError`), the service's
(`RemoteProtocolError`), or that of the network in between (`TransportError`).
"""

from collections.abc import Iterable
from typing import Final, Literal, final, get_args

from .text import printable, shortened, shown

TransportErrorKind = Literal["refused", "reset", "timeout", "dns", "tls", "protocol", "too-large", "exhausted", "stale"]
"""The kinds of `TransportError`.

`exhausted`: a recording or a script has no further response. `stale`: the server closed a kept-alive connection before
it responded to a request on it.
"""

TRANSPORT_ERROR_KINDS: Final[tuple[TransportErrorKind, ...]] = get_args(TransportErrorKind)


class SpongewatchError(Exception):
    """Base class of all exceptions of this library.

    >>> issubclass(RemoteProtocolError, SpongewatchError)
    True
    """


class InvalidArgument(SpongewatchError, ValueError):  # noqa: N818 # like ValueError, it names the mistake
    """An argument has a value that can't be used. The message names the parameter.

    >>> from spongewatch import Credentials
    >>> Credentials("", "password")
    Traceback (most recent call last):
    spongewatch.core.errors.InvalidArgument: domain_key must not be empty
    """


class InvalidType(SpongewatchError, TypeError):  # noqa: N818
    """An argument has the wrong type. The message names the parameter.

    >>> from spongewatch import Request
    >>> Request("GET", "https://api.example/", 5)
    Traceback (most recent call last):
    spongewatch.core.errors.InvalidType: headers must be a mapping, not int
    """


class LocalProtocolError(SpongewatchError, RuntimeError):
    """An object was used in a way that its state doesn't allow, or a saved session can't be read.

    It is raised before anything changes.

    >>> from spongewatch import ImportSession
    >>> session = ImportSession("1126", None, now=0.0)
    >>> session.sent(now=0.0)
    >>> session.sent(now=0.1)
    Traceback (most recent call last):
    spongewatch.core.errors.LocalProtocolError: no poll of import 1126 is due; call next_action to see what is
    """


class RemoteProtocolError(SpongewatchError):
    """A response is not what the protocol's page "Step 2: Wait for Import" describes.

    >>> from spongewatch import decode
    >>> decode(b'{"events": [{"status": "COMPLETED"}]}')
    Traceback (most recent call last):
    spongewatch.core.errors.RemoteProtocolError: row 1 of the response has no event_type
    """


@final
class TransportError(SpongewatchError):
    """A request got no response. Only transports raise it.

    Args:
        kind: What went wrong: `refused`, `reset`, `timeout`, `dns`, `tls`, `protocol`, `too-large`, `exhausted` or
            `stale`. `exhausted`: a recording or a script has no further response. `stale`: the server closed a
            kept-alive connection before it responded to a request on it.
        detail: Text for people, without URLs and secrets. Longer text is cut to 200 characters.
        permanent: Another attempt can't succeed either, so the watch ends.

    Raises:
        InvalidArgument: `kind` is not one of these.
        InvalidType: `detail` is not a str.

    >>> error = TransportError("timeout", "no response within 10 s")
    >>> str(error), error.kind, error.permanent
    ('timeout: no response within 10 s', 'timeout', False)
    """

    def __init__(self, kind: TransportErrorKind, detail: str = "", permanent: bool = False) -> None:
        if kind not in TRANSPORT_ERROR_KINDS:
            raise not_one_of("kind", TRANSPORT_ERROR_KINDS, kind)
        if not isinstance(detail, str):
            raise wrong_type("detail", "a str", detail)
        self.kind: TransportErrorKind = kind
        self.detail = shortened(printable(shortened(detail)))  # cut twice, so that a trace reads back the same text
        self.permanent = permanent
        super().__init__(kind, self.detail, permanent)

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


def wrong_type(parameter: str, expected: str, value: object) -> InvalidType:
    """Return the error for an argument of the wrong type; the message doesn't show the value.

    >>> wrong_type("timeout", "a number of seconds", None)
    InvalidType('timeout must be a number of seconds, not None')
    """
    return InvalidType(f"{parameter} must be {expected}, not {'None' if value is None else type(value).__name__}")


def not_one_of(parameter: str, allowed: Iterable[str], value: object) -> InvalidArgument:
    """Return the error for an argument that is not one of the allowed words.

    >>> not_one_of("format", ("json", "xml"), "yaml")
    InvalidArgument('format must be one of json, xml, not "yaml"')
    """
    return InvalidArgument(f"{parameter} must be one of {', '.join(allowed)}, not {shown(value)}")

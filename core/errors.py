"""The errors that documented calls raise; any other exception out of one is a bug.

The three kinds answer one question, whose fault it is: the caller's (`LocalProtocolError`), the
service's (`RemoteProtocolError`), or that of what lies between the two (`TransportError`).
"""

from typing import TYPE_CHECKING, final

from .text import printable, shortened

if TYPE_CHECKING:
    from .contact import Contact

TRANSPORT_ERROR_KINDS = (
    "refused",
    "reset",
    "timeout",
    "dns",
    "tls",
    "protocol",
    "too-large",
    "exhausted",
    "stale",
)
"""The kinds of `TransportError`.

`exhausted`: a recording or a script has no further response. `stale`: the server closed a kept-alive connection
before it answered a request on it.
"""


class SpongewatchError(Exception):
    """What every error of this library is.

    >>> issubclass(RemoteProtocolError, SpongewatchError)
    True
    """


class LocalProtocolError(SpongewatchError):
    """The caller's mistake. It is raised at once, and nothing has changed.

    >>> from spongewatch import Credentials
    >>> Credentials("", "password")
    Traceback (most recent call last):
    spongewatch.core.errors.LocalProtocolError: the domain key is missing
    """


class InvalidArgument(SpongewatchError, ValueError):  # noqa: N818 # like ValueError, it names the mistake
    """An argument has a value that can't be used; the message names the parameter.

    >>> issubclass(InvalidArgument, ValueError)
    True
    """


class InvalidType(SpongewatchError, TypeError):  # noqa: N818
    """An argument has the wrong type; the message names the parameter.

    >>> from spongewatch import Request
    >>> Request("GET", "https://api.example/", 5)
    Traceback (most recent call last):
    spongewatch.core.errors.InvalidType: headers must be a mapping, not int
    """


class RemoteProtocolError(SpongewatchError):
    """The service broke its contract: its answer is not what the protocol's page describes.

    >>> from spongewatch import decode
    >>> decode(b'{"events": [{"status": "COMPLETED"}]}')
    Traceback (most recent call last):
    spongewatch.core.errors.RemoteProtocolError: row 1 of the answer: event_type is missing
    """

    contacts: "tuple[Contact, ...]" = ()
    """The contacts that a download had fetched before this error."""


@final
class TransportError(SpongewatchError):
    """No answer came; raised by transports alone.

    `kind` is one of `TRANSPORT_ERROR_KINDS`; `detail` is for people and holds no url and no secret;
    `permanent` says that another try can't bring an answer either. Raises `LocalProtocolError` for a
    kind that is not in the list, and for a detail that is not text.

    >>> error = TransportError("timeout", "no answer within 10 s")
    >>> str(error), error.kind, error.permanent
    ('timeout: no answer within 10 s', 'timeout', False)
    """

    def __init__(self, kind: str, detail: str = "", permanent: bool = False) -> None:
        if kind not in TRANSPORT_ERROR_KINDS:
            raise LocalProtocolError(
                f"a transport error is one of {', '.join(TRANSPORT_ERROR_KINDS)}, not {printable(str(kind))}"
            )
        if not isinstance(detail, str):
            raise LocalProtocolError(f"the detail of a transport error is text, not {type(detail).__name__}")
        self.kind = kind
        self.detail = shortened(printable(shortened(detail)))  # cut again, or it would be another when it is read back
        self.permanent = permanent
        super().__init__(kind, self.detail, permanent)

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind

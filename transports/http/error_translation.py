"""What kept an answer from coming, in words of our own: the exceptions of HTTP clients as `TransportError`.

Their texts may hold the url, the request and what the service sent, so nothing of them is repeated.
"""

import ssl
import sys
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead
from socket import gaierror
from types import TracebackType
from typing import Final, final

from ...core import TransportError

_MOST_TELLING_FIRST: Final = (
    TransportError,
    ssl.SSLCertVerificationError,
    gaierror,
    ConnectionRefusedError,
    TimeoutError,
    ssl.SSLError,
    IncompleteRead,
    ConnectionError,
    HTTPException,
    OSError,
)

_OTHER_NAME: Final = {62, 64}
"""OpenSSL's codes for a certificate whose names, or addresses, are not the one that was asked for."""


@final
class as_transport_error:  # noqa: N801 # it reads as a function
    """A context in which any of `exceptions` becomes the `TransportError` that it stands for.

    What went wrong is read off the exceptions of the standard library that led to the one that was raised;
    where there is none, the answer was not HTTP. The one that was raised is not kept as its context.
    A `TransportError` passes, without what led to it.

    >>> with as_transport_error(OSError):
    ...     raise ConnectionRefusedError("10.0.0.1:443 says no")
    Traceback (most recent call last):
    spongewatch.core.errors.TransportError: refused: nothing listens there
    """

    __slots__ = ("_exceptions", "_outer")

    def __init__(self, *exceptions: type[Exception]) -> None:
        self._exceptions = exceptions
        self._outer: BaseException | None = None

    def __enter__(self) -> None:
        self._outer = sys.exception()  # whatever the caller is in the middle of is no cause

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, TransportError):
            failure = error.with_traceback(None)
            failure.__cause__ = None
        elif isinstance(error, self._exceptions):
            failure = _told([*_causes(error, self._outer)])
        else:
            return
        del error, trace  # error reporters show local variables, and these hold texts and frames of clients
        try:
            raise failure
        finally:
            failure.__context__ = self._outer


def _causes(error: BaseException, outer: BaseException | None) -> Iterator[BaseException]:
    """`error` and what led to it, the nearest first."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or cause is outer or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
        waiting.append(cause.__cause__ or cause.__context__)


def _told(causes: list[BaseException]) -> TransportError:
    """What the most telling of `causes` means, of several alike the one that was first.

    Clients put errors of their own in front of it, which may look like it: in requests all of them are an `OSError`.
    """
    for kind in _MOST_TELLING_FIRST:
        for cause in reversed(causes):
            if isinstance(cause, kind):
                return _meaning(cause)
    return _not_http()


def _meaning(cause: BaseException) -> TransportError:
    match cause:
        case TransportError():
            return cause
        case ssl.SSLCertVerificationError():
            return TransportError("tls", _certificate_problem(cause), permanent=True)
        case ssl.SSLError():
            reason = getattr(cause, "reason", None)  # what OpenSSL says; one made by a client has none
            return TransportError("tls", f"TLS failed: {reason or 'the connection was closed'}")
        case gaierror():
            return TransportError("dns", "the host's name can't be looked up")
        case ConnectionRefusedError():
            return TransportError("refused", "nothing listens there")
        case TimeoutError():
            return TransportError("timeout", "no whole answer in time")
        case IncompleteRead():
            return TransportError("reset", "the answer broke off")
        case HTTPException() if not isinstance(cause, ConnectionError):
            return _not_http()
        case _:
            return TransportError("reset", "the connection broke off")


def _not_http() -> TransportError:
    return TransportError("protocol", "the answer is not HTTP")


def _certificate_problem(error: ssl.SSLCertVerificationError) -> str:
    if getattr(error, "verify_code", None) in _OTHER_NAME:
        return "the certificate of the service is for another name"
    return f"the certificate of the service is not trusted: {getattr(error, 'verify_message', 'it does not say why')}"

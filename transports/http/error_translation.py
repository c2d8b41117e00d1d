"""`as_transport_error`: turns the exceptions of HTTP clients into `TransportError`.

Their messages may hold the URL, the request or parts of the response, so none of them is repeated.
"""

import ssl
import sys
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from socket import gaierror
from types import TracebackType
from typing import Final, final

from ...core import SpongewatchError, TransportError

_MOST_SPECIFIC_FIRST: Final = (
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

_NAME_MISMATCH: Final = {62, 64}
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""


@final
class as_transport_error:  # noqa: N801 # it reads as a function
    """Context manager that raises a `TransportError` in place of exceptions of the given types.

    The kind and the detail come from the exception of the standard library that caused the one that was raised; if
    there is none, the kind is `protocol`. Errors of Spongewatch pass through. A `TransportError` has no cause and no
    context of the client, because their tracebacks may hold secrets.

    Args:
        exceptions: The exception types to translate; others pass through.

    >>> with as_transport_error(OSError):
    ...     raise ConnectionRefusedError("10.0.0.1:443")
    Traceback (most recent call last):
    spongewatch.core.errors.TransportError: refused: connection refused
    """

    __slots__ = ("_exceptions", "_outer")

    def __init__(self, *exceptions: type[Exception]) -> None:
        self._exceptions = exceptions
        self._outer: BaseException | None = None

    def __enter__(self) -> None:
        self._outer = sys.exception()  # an exception that the caller is handling is not a cause

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, TransportError):
            failure = error.with_traceback(None)
            failure.__cause__ = None
        elif isinstance(error, self._exceptions) and not isinstance(error, SpongewatchError):
            failure = _translated([*_causes(error, self._outer)])
        else:
            return
        del error, trace  # error reporters print local variables, and these hold messages and frames of the client
        try:
            raise failure
        finally:
            failure.__context__ = self._outer


def _causes(error: BaseException, outer: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and its causes, the nearest first."""
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


def _translated(causes: list[BaseException]) -> TransportError:
    """Translate the most specific of `causes`, and the root one if several are of one type.

    Clients derive their own exceptions from general types: in requests all of them are an `OSError`.
    """
    for kind in _MOST_SPECIFIC_FIRST:
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
            reason = getattr(cause, "reason", None)  # OpenSSL's reason; exceptions made by a client have none
            return TransportError("tls", f"TLS error: {reason or 'connection closed'}")
        case gaierror():
            return TransportError("dns", "the host name could not be resolved")
        case ConnectionRefusedError():
            return TransportError("refused", "connection refused")
        case TimeoutError():
            return TransportError("timeout", "the request timed out")
        case IncompleteRead():
            return TransportError("reset", "connection closed before the response was complete")
        case RemoteDisconnected():
            return TransportError("reset", "connection closed without a response")
        case ConnectionError():
            return TransportError("reset", "connection reset")
        case HTTPException():
            return _not_http()
        case _:
            return TransportError("reset", "connection failed")


def _certificate_problem(error: ssl.SSLCertVerificationError) -> str:
    if getattr(error, "verify_code", None) in _NAME_MISMATCH:
        return "certificate verify failed: certificate is for another host"  # OpenSSL's message quotes the host
    return f"certificate verify failed: {getattr(error, 'verify_message', 'unknown reason')}"


def _not_http() -> TransportError:
    return TransportError("protocol", "invalid HTTP response")

import socket
import ssl
import traceback
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

import pytest

from spongewatch import InvalidArgument, LocalProtocolError, TransportError
from spongewatch.transports import as_transport_error

SECRET = "https://key:pa55word@api.example/events/1126?domain_password=pa55word"


class ClientError(Exception):
    """The base class of the exceptions of some HTTP client."""


def certificate(code, message="self-signed certificate"):
    error = ssl.SSLCertVerificationError(1, SECRET)
    error.verify_code, error.verify_message = code, message
    return error


def tls(reason):
    error = ssl.SSLError(1, SECRET)
    error.reason = reason
    return error


def translated(error):
    with pytest.raises(TransportError) as caught, as_transport_error(ClientError, OSError, HTTPException):
        raise error
    return caught.value


OTHER_HOST = "certificate verify failed: certificate is for another host"
MEANINGS = {
    "untrusted certificate": (certificate(18), "tls", "certificate verify failed: self-signed certificate"),
    "another host name": (certificate(62), "tls", OTHER_HOST),
    "another IP address": (certificate(64), "tls", OTHER_HOST),
    "failed handshake": (tls("WRONG_VERSION_NUMBER"), "tls", "TLS error: WRONG_VERSION_NUMBER"),
    "TLS without a reason": (tls(None), "tls", "TLS error: connection closed"),
    "TLS error of a client": (ssl.SSLError(SECRET), "tls", "TLS error: connection closed"),
    "certificate error of a client": (
        ssl.SSLCertVerificationError(SECRET),
        "tls",
        "certificate verify failed: unknown reason",
    ),
    "unknown host name": (socket.gaierror(-2, SECRET), "dns", "the host name could not be resolved"),
    "refused": (ConnectionRefusedError(111, SECRET), "refused", "connection refused"),
    "timeout": (TimeoutError(SECRET), "timeout", "the request timed out"),
    "truncated body": (IncompleteRead(b"pa55word"), "reset", "connection closed before the response was complete"),
    "bad status line": (BadStatusLine(SECRET), "protocol", "invalid HTTP response"),
    "no response": (RemoteDisconnected(SECRET), "reset", "connection closed without a response"),
    "reset": (ConnectionResetError(104, SECRET), "reset", "connection reset"),
    "other OSError": (OSError(113, SECRET), "reset", "connection failed"),
    "other client error": (ClientError(SECRET), "protocol", "invalid HTTP response"),
}
CASES = [pytest.param(*case, id=name) for name, case in MEANINGS.items()]


@pytest.mark.parametrize(("error", "kind", "detail"), CASES)
def test_each_exception_has_a_kind_and_a_text(error, kind, detail):
    failure = translated(error)
    assert (failure.kind, failure.detail) == (kind, detail)


@pytest.mark.parametrize(("error", "permanent"), [(certificate(18), True), (tls("X"), False), (OSError(), False)])
def test_only_a_bad_certificate_is_permanent(error, permanent):
    assert translated(error).permanent is permanent


@pytest.mark.parametrize(("error", "kind", "detail"), CASES)
def test_the_cause_of_a_client_exception_is_found(error, kind, detail):
    def by_cause():
        raise ClientError(SECRET) from error

    def by_context():
        try:
            raise error
        except Exception:
            raise ClientError(SECRET)  # noqa: B904 # as many clients do

    def within_an_error_of_its_own():
        raise OSError("all attempts failed") from ExceptionGroup(SECRET, [ClientError(), error])

    for client in (by_cause, by_context):
        with pytest.raises(TransportError) as caught, as_transport_error(ClientError):
            client()
        assert (caught.value.kind, caught.value.detail) == (kind, detail)
    if not isinstance(error, ClientError):
        with pytest.raises(TransportError) as caught, as_transport_error(OSError):
            within_an_error_of_its_own()
        assert (caught.value.kind, caught.value.detail) == (kind, detail)


@pytest.mark.parametrize(("error", "kind", "detail"), CASES)
def test_nothing_of_the_original_exception_is_kept(error, kind, detail):
    failure = translated(error)
    assert "pa55word" not in "".join(traceback.format_exception(failure))
    assert failure.__context__ is None
    assert failure.__cause__ is None


def test_an_exception_that_the_caller_is_handling_is_not_a_cause():
    try:
        raise ConnectionRefusedError
    except OSError as outer:
        failure = translated(ClientError())
        assert failure.kind == "protocol"
        assert failure.__context__ is outer


class ClientOSError(OSError): ...


class ClientCertificateError(ClientError, ssl.SSLCertVerificationError): ...


@pytest.mark.parametrize(
    ("error", "cause", "kind"),
    [
        (ClientOSError(113, SECRET), None, "reset"),
        (ClientOSError(113, SECRET), ConnectionRefusedError(), "refused"),
        (ClientOSError(113, SECRET), BadStatusLine(SECRET), "protocol"),
        (ClientOSError(113, SECRET), RemoteDisconnected(SECRET), "reset"),
        (ClientCertificateError(SECRET), None, "tls"),
    ],
)
def test_exceptions_that_clients_derive_from_those_of_the_system_come_last(error, cause, kind):
    error.__cause__ = cause
    assert translated(error).kind == kind


def test_the_reason_of_the_system_is_preferred_for_a_certificate():
    error = ClientCertificateError(SECRET)
    error.__cause__ = certificate(62)
    assert translated(error).detail == "certificate verify failed: certificate is for another host"


def test_circular_causes_do_not_loop_for_ever():
    first, second = ClientError(), ClientError()
    first.__cause__, second.__cause__ = second, first
    assert translated(first).kind == "protocol"


@pytest.mark.parametrize(
    "error", [KeyError(), LocalProtocolError("closed"), InvalidArgument("url"), KeyboardInterrupt()]
)
def test_other_exceptions_and_errors_of_ours_pass_through(error):
    with pytest.raises(type(error)) as caught, as_transport_error(ClientError, ValueError):
        raise error
    assert caught.value is error


def too_large_after(cause):
    try:
        raise cause
    except OSError as error:
        raise TransportError("too-large", "more than 10 bytes") from error


def test_a_transport_error_passes_through_without_its_cause():
    with pytest.raises(TransportError, match="more than 10 bytes") as caught, as_transport_error():
        too_large_after(OSError(SECRET))
    assert "pa55word" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_transport_error_that_caused_a_client_exception_is_preferred():
    def client():
        try:
            too_large_after(OSError(SECRET))
        except TransportError as error:
            raise ExceptionGroup(SECRET, [error]) from None

    with pytest.raises(TransportError, match="more than 10 bytes"), as_transport_error(ExceptionGroup):
        client()


def test_without_an_exception_nothing_happens():
    with as_transport_error(Exception):
        pass

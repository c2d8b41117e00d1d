import socket
import ssl
import traceback
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

import pytest

from spongewatch import LocalProtocolError, TransportError
from spongewatch.transports import as_transport_error

SECRET = "https://key:pa55word@api.example/events/1126?domain_password=pa55word"


class ClientError(Exception):
    """What an HTTP client raises in the place of what happened."""


def certificate(code, message="self-signed certificate"):
    error = ssl.SSLCertVerificationError(1, SECRET)
    error.verify_code, error.verify_message = code, message
    return error


def tls(reason):
    error = ssl.SSLError(1, SECRET)
    error.reason = reason
    return error


def told(error):
    with pytest.raises(TransportError) as caught, as_transport_error(ClientError, OSError, HTTPException):
        raise error
    return caught.value


MEANINGS = {
    "not trusted": (certificate(18), "tls", "the certificate of the service is not trusted: self-signed certificate"),
    "another name": (certificate(62), "tls", "the certificate of the service is for another name"),
    "another address": (certificate(64), "tls", "the certificate of the service is for another name"),
    "a broken handshake": (tls("WRONG_VERSION_NUMBER"), "tls", "TLS failed: WRONG_VERSION_NUMBER"),
    "an end without a reason": (tls(None), "tls", "TLS failed: the connection was closed"),
    "TLS, as a client says": (ssl.SSLError(SECRET), "tls", "TLS failed: the connection was closed"),
    "a certificate, as a client says": (
        ssl.SSLCertVerificationError(SECRET),
        "tls",
        "the certificate of the service is not trusted: it does not say why",
    ),
    "no such name": (socket.gaierror(-2, SECRET), "dns", "the host's name can't be looked up"),
    "refused": (ConnectionRefusedError(111, SECRET), "refused", "nothing listens there"),
    "late": (TimeoutError(SECRET), "timeout", "no whole answer in time"),
    "cut": (IncompleteRead(b"pa55word"), "reset", "the answer broke off"),
    "not HTTP": (BadStatusLine(SECRET), "protocol", "the answer is not HTTP"),
    "hung up": (RemoteDisconnected(SECRET), "reset", "the connection broke off"),
    "reset": (ConnectionResetError(104, SECRET), "reset", "the connection broke off"),
    "any other": (OSError(113, SECRET), "reset", "the connection broke off"),
    "not of the system": (ClientError(SECRET), "protocol", "the answer is not HTTP"),
}
CASES = [pytest.param(*case, id=name) for name, case in MEANINGS.items()]


@pytest.mark.parametrize(("error", "kind", "detail"), CASES)
def test_an_exception_becomes_what_it_means(error, kind, detail):
    failure = told(error)
    assert (failure.kind, failure.detail) == (kind, detail)


@pytest.mark.parametrize(("error", "permanent"), [(certificate(18), True), (tls("X"), False), (OSError(), False)])
def test_only_a_bad_certificate_is_permanent(error, permanent):
    assert told(error).permanent is permanent


@pytest.mark.parametrize(("error", "kind", "detail"), CASES)
def test_it_is_found_behind_what_a_client_raises(error, kind, detail):
    def by_cause():
        raise ClientError(SECRET) from error

    def by_context():
        try:
            raise error
        except Exception:
            raise ClientError(SECRET)  # noqa: B904 # as clients do

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
def test_nothing_of_what_was_raised_is_kept(error, kind, detail):
    failure = told(error)
    assert "pa55word" not in "".join(traceback.format_exception(failure))
    assert failure.__context__ is None
    assert failure.__cause__ is None


def test_what_the_caller_is_in_the_middle_of_is_no_cause():
    try:
        raise ConnectionRefusedError
    except OSError as outer:
        failure = told(ClientError())
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
def test_errors_that_clients_made_of_those_of_the_system_come_last(error, cause, kind):
    error.__cause__ = cause
    assert told(error).kind == kind


def test_a_certificate_problem_is_told_as_the_system_found_it():
    error = ClientCertificateError(SECRET)
    error.__cause__ = certificate(62)
    assert told(error).detail == "the certificate of the service is for another name"


def test_causes_that_go_round_in_a_circle_come_to_an_end():
    first, second = ClientError(), ClientError()
    first.__cause__, second.__cause__ = second, first
    assert told(first).kind == "protocol"


@pytest.mark.parametrize("error", [ValueError(), LocalProtocolError("closed"), KeyboardInterrupt()])
def test_what_is_not_named_passes(error):
    with pytest.raises(type(error)) as caught, as_transport_error(ClientError):
        raise error
    assert caught.value is error


def too_large_after(cause):
    try:
        raise cause
    except OSError as error:
        raise TransportError("too-large", "more than 10 bytes") from error


def test_a_transport_error_passes_without_what_led_to_it():
    with pytest.raises(TransportError, match="more than 10 bytes") as caught, as_transport_error():
        too_large_after(OSError(SECRET))
    assert "pa55word" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_transport_error_behind_what_a_client_raises_is_the_most_telling():
    def client():
        try:
            too_large_after(OSError(SECRET))
        except TransportError as error:
            raise ExceptionGroup(SECRET, [error]) from None

    with pytest.raises(TransportError, match="more than 10 bytes"), as_transport_error(ExceptionGroup):
        client()


def test_nothing_happens_where_nothing_is_raised():
    with as_transport_error(Exception):
        pass

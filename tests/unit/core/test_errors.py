import pickle

import pytest

from spongewatch.core import errors
from spongewatch.core.errors import (
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    RemoteProtocolError,
    SpongewatchError,
    TransportError,
)


@pytest.mark.parametrize(
    "kind", [InvalidArgument, InvalidType, LocalProtocolError, RemoteProtocolError, TransportError]
)
def test_all_errors_have_one_base_class(kind):
    assert issubclass(kind, SpongewatchError)


@pytest.mark.parametrize(
    ("kind", "base"), [(InvalidArgument, ValueError), (InvalidType, TypeError), (LocalProtocolError, RuntimeError)]
)
def test_errors_of_the_caller_have_the_base_class_that_python_users_expect(kind, base):
    assert issubclass(kind, base)


def test_the_kinds_of_transport_errors():
    assert errors.TRANSPORT_ERROR_KINDS == (
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


def test_a_transport_error_is_not_permanent_by_default():
    assert TransportError("dns").permanent is False


def test_the_text_of_a_transport_error_is_its_kind_and_its_detail():
    error = TransportError("reset", "after 12 bytes\x1b[2J", permanent=True)
    assert (error.kind, error.detail, error.permanent) == ("reset", "after 12 bytes\\x1b[2J", True)
    assert str(error) == "reset: after 12 bytes\\x1b[2J"
    assert str(TransportError("dns")) == "dns"


def test_a_detail_is_cut_and_reads_back_unchanged():
    detail = TransportError("reset", "\x1b" * 500).detail
    assert detail == "\\x1b" * 50
    assert TransportError("reset", detail).detail == detail


def test_an_unknown_kind_is_refused():
    with pytest.raises(
        InvalidArgument, match='^kind must be one of refused, reset, timeout, dns, tls, .* not "bored"$'
    ):
        TransportError("bored")


@pytest.mark.parametrize("detail", [None, 5, b"reset"])
def test_a_detail_must_be_a_str(detail):
    with pytest.raises(InvalidType, match="^detail must be a str, not "):
        TransportError("reset", detail)


@pytest.mark.parametrize("kind", errors.TRANSPORT_ERROR_KINDS)
def test_a_transport_error_can_be_pickled(kind):
    again = pickle.loads(pickle.dumps(TransportError(kind, "why", True)))
    assert (again.kind, again.detail, again.permanent) == (kind, "why", True)


def test_the_args_of_a_transport_error_are_its_attributes():
    error = TransportError("reset", detail="x\x1b" * 500, permanent=True)
    assert error.args == ("reset", error.detail, True)
    assert pickle.loads(pickle.dumps(error)).args == error.args

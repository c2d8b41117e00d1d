import pickle

import pytest

from spongewatch.core import errors
from spongewatch.core.errors import LocalProtocolError, RemoteProtocolError, SpongewatchError, TransportError


@pytest.mark.parametrize(
    "kind", [errors.InvalidArgument, errors.InvalidType, LocalProtocolError, RemoteProtocolError, TransportError]
)
def test_there_is_one_error_to_catch_them_all(kind):
    assert issubclass(kind, SpongewatchError)


def test_the_kinds_that_traces_use():
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


def test_another_try_may_help_unless_it_is_said_that_it_can_not():
    assert TransportError("dns").permanent is False


def test_a_transport_error_says_its_kind_and_its_detail():
    error = TransportError("reset", "after 12 bytes\x1b[2J", permanent=True)
    assert (error.kind, error.detail, error.permanent) == ("reset", "after 12 bytes\\x1b[2J", True)
    assert str(error) == "reset: after 12 bytes\\x1b[2J"
    assert str(TransportError("dns")) == "dns"


def test_a_detail_is_short_as_it_is_shown_and_stays_the_same_when_it_is_read_back():
    detail = TransportError("reset", "\x1b" * 500).detail
    assert detail == "\\x1b" * 50
    assert TransportError("reset", detail).detail == detail


def test_a_kind_that_is_not_in_the_list_is_refused():
    with pytest.raises(LocalProtocolError, match="refused, reset, timeout, dns, tls, .* not bored"):
        TransportError("bored")


@pytest.mark.parametrize("detail", [None, 5, b"reset"])
def test_a_detail_that_is_no_text_is_refused(detail):
    with pytest.raises(
        LocalProtocolError, match=f"^the detail of a transport error is text, not {type(detail).__name__}$"
    ):
        TransportError("reset", detail)


@pytest.mark.parametrize("kind", errors.TRANSPORT_ERROR_KINDS)
def test_a_transport_error_can_be_pickled(kind):
    again = pickle.loads(pickle.dumps(TransportError(kind, "why", True)))
    assert (again.kind, again.detail, again.permanent) == (kind, "why", True)


def test_what_a_transport_error_is_made_of_is_what_it_shows():
    error = TransportError("reset", detail="x\x1b" * 500, permanent=True)
    assert error.args == ("reset", error.detail, True)
    assert pickle.loads(pickle.dumps(error)).args == error.args

"""The suite as its users run it, and what it says of a transport that it rejects."""

import re
import tracemalloc

import pytest

from broken_transports import AsyncSound, MixesUpTasks, Sound
from spongewatch import Response, TransportError
from spongewatch.transports.testing import AsyncTransportContract, HandlerTransport, TransportContract
from spongewatch.transports.testing.contract import _surroundings

pytest_plugins = ["pytester"]

OURS = """
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.testing import KeepAliveContract

class TestOurs(KeepAliveContract):
    def make_transport(self):
        return Urllib3Transport()
"""
ASYNCHRONOUS = """
from broken_transports import AsyncSound
from spongewatch.transports.testing import AsyncTransportContract, TransportContract

class TestAsynchronous(AsyncTransportContract):
    async def make_transport(self):
        return AsyncSound()
"""
UNFINISHED = """
from spongewatch.transports.testing import AsyncTransportContract, TransportContract

class TestUnfinished(TransportContract):
    pass

class TestUnfinishedToo(AsyncTransportContract):
    pass
"""
REJECTED = """
from spongewatch import Response
from spongewatch.transports.testing import HandlerTransport, TransportContract

class TestRejected(TransportContract):
    def make_transport(self):
        return HandlerTransport(lambda request: Response(200))
"""


def run(pytester, code, *options):
    """What pytest makes of a file with this code."""
    pytester.makepyfile(code)
    return pytester.runpytest_inprocess("-W", "error", "-p", "no:cacheprovider", *options)


def test_our_own_transport_passes(pytester):
    result = run(pytester, OURS)
    result.assert_outcomes(passed=52)  # of the class alone: the suites that it imports are not collected


def test_an_asynchronous_transport_passes_without_a_plugin(pytester):
    run(pytester, ASYNCHRONOUS).assert_outcomes(passed=51)


def test_a_class_that_makes_no_transport_is_told_so(pytester):
    result = run(pytester, UNFINISHED, "-k", "cookie")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["E*NotImplementedError: make_transport gives the transport*"] * 2)


def test_a_failing_check_says_what_it_wanted_and_what_came(pytester):
    result = run(pytester, REJECTED, "-k", "nobody_has_is_dns or cookie", "--tb=short")
    result.assert_outcomes(failed=2)
    wanted = "nobody has the host's name: send raises a TransportError of kind dns"
    result.stdout.fnmatch_lines(
        [
            "E*AssertionError: each send is one request, whatever comes of it; 2 came as 0",
            "E*assert 0 == 2",  # which pytest adds to an assert that it has rewritten
            f"E*AssertionError: {wanted}, but it gave an answer, Response(status=200) with 0 bytes",
        ]
    )


def complaint(contract, check, folder):
    """What a check says, in words alone; None where it passes."""
    try:
        with _surroundings(folder), contract._driven() as driven:
            getattr(contract, check)(driven)
    except AssertionError as error:
        return str(error)
    return None


def made_of(handler):
    class Contract(TransportContract):
        def make_transport(self):
            return HandlerTransport(handler)

    return Contract()


def raises(error):
    def handler(request):
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "check", "said"),
    [
        (
            raises(KeyError("x")),
            "test_no_cookie_is_kept",
            "an answer that sets a cookie: send gives the answer, but it raised builtins.KeyError: 'x'",
        ),
        (
            lambda request: "yes",
            "test_no_cookie_is_kept",
            "an answer that sets a cookie: send gives the answer, but it raised builtins.AssertionError: "
            "send gives a spongewatch.Response, not str",
        ),
        (
            lambda request: Response(200),
            "test_no_cookie_is_kept",
            "each send is one request, whatever comes of it; 2 came as 0",
        ),
        (
            raises(KeyError("x")),
            "test_a_refused_connection_is_refused",
            "nothing listens there: send raises a TransportError of kind refused, but it raised builtins.KeyError: 'x'",
        ),
        (
            raises(TransportError("reset", "gone")),
            "test_a_refused_connection_is_refused",
            "nothing listens there: send raises a TransportError of kind refused, but its kind was reset (reset: gone)",
        ),
        (
            lambda request: Response(200, {}, b"abc"),
            "test_a_refused_connection_is_refused",
            "nothing listens there: send raises a TransportError of kind refused, but it gave an answer, "
            "Response(status=200) with 3 bytes",
        ),
        (
            lambda request: Response(200),
            "test_once_closed_it_sends_nothing",
            "after close, send raises LocalProtocolError, but an answer came",
        ),
        (
            raises(RuntimeError("closed")),
            "test_once_closed_it_sends_nothing",
            "after close, send raises LocalProtocolError, but it raised builtins.RuntimeError: closed",
        ),
        (
            lambda request: Response(200, {}, b"no"),
            "test_a_body_of_the_largest_size_is_taken",
            "a body of 1,048,576 bytes is given byte for byte, but what came, 2 bytes, differs",
        ),
    ],
)
def test_what_is_said_is_plain_without_pytest(handler, check, said, tmp_path):
    assert complaint(made_of(handler), check, tmp_path).splitlines()[0] == said


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        ([0.0, 0.2], None),
        ([0.0, 0.5, 1.0, 1.2], None),  # late once, as on a busy machine
        ([0.0, 0.5, 1.0, 4.0, 4.0, 4.5, 5.0, 5.5, 6.0, 6.2], None),
        (
            [0.0, 0.5] * 5,
            "the service says nothing: a time-out of 0.2 s is over within 0.4 s, but it took 0.50 s",
        ),
        ([0.0, 0.05], "the service says nothing: a time-out of 0.2 s takes as long, but it was over after 0.05 s"),
    ],
)
def test_who_is_late_now_and_then_may_try_again(monkeypatch, tmp_path, moments, said):
    remaining = iter(moments)
    monkeypatch.setattr("spongewatch.transports.testing.contract.monotonic", lambda: next(remaining))
    check = "test_the_time_out_holds_where_nothing_comes"
    told = complaint(made_of(raises(TransportError("timeout"))), check, tmp_path)
    assert (told and told.splitlines()[0]) == said
    assert list(remaining) == []


def test_a_second_close_that_raises_is_told(tmp_path):
    class ClosesOnce(Sound):
        def close(self):
            if self.closed:
                raise ValueError("again")
            super().close()

    class Contract(TransportContract):
        def make_transport(self):
            return ClosesOnce()

    said = complaint(Contract(), "test_it_may_be_closed_twice", tmp_path)
    assert said == "close may be called again, but then it raised builtins.ValueError: again"


def test_an_error_in_a_task_is_told(tmp_path):
    class Broken(AsyncSound):
        async def send(self, request, *, timeout):
            raise OSError("gone")

    class Contract(AsyncTransportContract):
        async def make_transport(self):
            return Broken()

    said = complaint(Contract(), "test_it_is_shared_by_many_tasks", tmp_path)
    assert said == "many tasks: nothing is raised, but there was builtins.OSError: gone"


def test_tasks_that_get_the_wrong_answers_are_told_which(tmp_path):
    class Contract(AsyncTransportContract):
        async def make_transport(self):
            return MixesUpTasks()

    said = complaint(Contract(), "test_it_is_shared_by_many_tasks", tmp_path)
    assert re.match(r"request [0-9]+ gets its own answer, not that to \('/", said)


def test_whoever_traces_memory_goes_on_with_it(tmp_path):
    class Contract(TransportContract):
        def make_transport(self):
            return Sound()

    tracemalloc.start()
    try:
        assert complaint(Contract(), "test_a_gzip_bomb_is_left_early", tmp_path) is None
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()

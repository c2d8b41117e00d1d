"""The contract as its users run it, and the messages of failed checks."""

import re
import tracemalloc

import pytest

from broken_transports import SharesTheRequestBetweenTasks
from plain_transports import AsyncPlainTransport, PlainTransport
from spongewatch import Response, TransportError
from spongewatch.transports.testing import AsyncTransportContract, HandlerTransport, TransportContract
from spongewatch.transports.testing.contract.under_test import clean_environment

pytest_plugins = ["pytester"]

SYNCHRONOUS = """
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.testing import KeepAliveContract

class TestSynchronous(KeepAliveContract):
    def make_transport(self):
        return Urllib3Transport()
"""
ASYNCHRONOUS = """
from plain_transports import AsyncPlainTransport
from spongewatch.transports.testing import AsyncTransportContract, TransportContract

class TestAsynchronous(AsyncTransportContract):
    async def make_transport(self):
        return AsyncPlainTransport()
"""
UNFINISHED = """
from spongewatch.transports.testing import AsyncTransportContract, TransportContract

class TestUnfinished(TransportContract):
    pass

class TestAsyncUnfinished(AsyncTransportContract):
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
    """Run pytest on a file with this code."""
    pytester.makepyfile(code)
    return pytester.runpytest_inprocess("-W", "error", "-p", "no:cacheprovider", *options)


def test_urllib3_transport_passes(pytester):
    result = run(pytester, SYNCHRONOUS)
    result.assert_outcomes(passed=52)  # the imported contracts themselves are not collected


def test_an_asynchronous_transport_passes_without_a_plugin(pytester):
    run(pytester, ASYNCHRONOUS).assert_outcomes(passed=51)


def test_a_class_without_make_transport_gets_an_error(pytester):
    result = run(pytester, UNFINISHED, "-k", "cookie")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["E*NotImplementedError: define make_transport in your class*"] * 2)


def test_a_failed_check_says_what_was_expected_and_what_happened(pytester):
    result = run(pytester, REJECTED, "-k", "unknown_host or cookie", "--tb=short")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*AssertionError: the host name doesn't exist: send must raise a TransportError of kind dns, "
            "but returned Response(status=200) with 0 bytes",
            "E*AssertionError: each send must send one request; 2 sends sent 0",
            "E*assert 0 == 2",  # added by pytest's assertion rewriting
        ]
    )


def complaint(contract, check, folder):
    """Return the message of a check that fails, None if it passes."""
    try:
        with clean_environment(folder), contract._under_test() as under_test:
            getattr(contract, check)(under_test)
    except AssertionError as error:
        return str(error)
    return None


def contract_for(make):
    class Contract(TransportContract):
        def make_transport(self):
            return make()

    return Contract()


def async_contract_for(make):
    class Contract(AsyncTransportContract):
        async def make_transport(self):
            return make()

    return Contract()


def raises(error):
    def handler(request):
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "check", "message"),
    [
        (
            raises(KeyError("x")),
            "test_cookies_are_not_stored",
            "a response that sets a cookie: send must return a response, but raised builtins.KeyError: 'x'",
        ),
        (
            lambda request: "yes",
            "test_cookies_are_not_stored",
            "a response that sets a cookie: send must return a response, but raised builtins.AssertionError: "
            "send must return a spongewatch.Response, but returned str",
        ),
        (
            lambda request: Response(200),
            "test_cookies_are_not_stored",
            "each send must send one request; 2 sends sent 0",
        ),
        (
            raises(KeyError("x")),
            "test_refused_connections",
            "nothing listens: send must raise a TransportError of kind refused, but raised builtins.KeyError: 'x'",
        ),
        (
            raises(TransportError("reset", "gone")),
            "test_refused_connections",
            "nothing listens: send must raise a TransportError of kind refused, but its kind was reset (reset: gone)",
        ),
        (
            lambda request: Response(200, {}, b"abc"),
            "test_refused_connections",
            "nothing listens: send must raise a TransportError of kind refused, but returned "
            "Response(status=200) with 3 bytes",
        ),
        (
            lambda request: Response(200),
            "test_send_after_close_is_an_error",
            "after close, send must raise LocalProtocolError, but returned a response",
        ),
        (
            raises(RuntimeError("closed")),
            "test_send_after_close_is_an_error",
            "after close, send must raise LocalProtocolError, but raised builtins.RuntimeError: closed",
        ),
        (
            lambda request: Response(200, {}, b"no"),
            "test_bodies_of_max_body_bytes_are_accepted",
            "a body of 1,048,576 bytes must be returned unchanged; the 2 bytes returned differ",
        ),
    ],
)
def test_messages_do_not_need_assertion_rewriting(handler, check, message, tmp_path):
    contract = contract_for(lambda: HandlerTransport(handler))
    assert complaint(contract, check, tmp_path).splitlines()[0] == message


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        ([0.0, 0.2], None),
        ([0.0, 0.5, 1.0, 1.2], None),  # late once, as on a busy machine
        ([0.0, 0.5, 1.0, 4.0, 4.0, 4.5, 5.0, 5.5, 6.0, 6.2], None),
        (
            [0.0, 0.5] * 5,
            "the server sends nothing: a timeout of 0.2 s must end within 0.4 s, but took 0.50 s",
        ),
        ([0.0, 0.05], "the server sends nothing: a timeout of 0.2 s must not end early, but took 0.05 s"),
    ],
)
def test_a_late_timeout_is_tried_again(monkeypatch, tmp_path, moments, message):
    remaining = iter(moments)
    monkeypatch.setattr("spongewatch.transports.testing.contract.deadlines.monotonic", lambda: next(remaining))
    contract = contract_for(lambda: HandlerTransport(raises(TransportError("timeout"))))
    complained = complaint(contract, "test_timeout_without_a_response", tmp_path)
    assert (complained and complained.splitlines()[0]) == message
    assert list(remaining) == []


def test_a_second_close_that_raises_is_reported(tmp_path):
    class ClosesOnce(PlainTransport):
        def close(self):
            if self.closed:
                raise ValueError("again")
            super().close()

    message = complaint(contract_for(ClosesOnce), "test_close_can_be_called_twice", tmp_path)
    assert message == "a second close must do nothing, but raised builtins.ValueError: again"


def test_an_error_in_a_task_is_reported(tmp_path):
    class Broken(AsyncPlainTransport):
        async def send(self, request, *, timeout):
            raise OSError("gone")

    message = complaint(async_contract_for(Broken), "test_tasks_can_share_a_transport", tmp_path)
    assert message == "many tasks: nothing must be raised, but there was builtins.OSError: gone"


def test_a_task_that_gets_another_tasks_response_is_reported(tmp_path):
    contract = async_contract_for(SharesTheRequestBetweenTasks)
    message = complaint(contract, "test_tasks_can_share_a_transport", tmp_path)
    assert re.match(r"request [0-9]+ got the response to another request, \('/", message)


def test_memory_tracing_stays_on_if_it_was_on(tmp_path):
    tracemalloc.start()
    try:
        assert complaint(contract_for(PlainTransport), "test_gzip_bombs_are_aborted", tmp_path) is None
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()

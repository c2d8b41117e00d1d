"""The contract of transports accepts working transports, and each check rejects a fault that no other check does.

`broken_transports` and `broken_framing` have transports with one fault for each check. Here each runs against the check
that has to reject it; with the profile `proof`, against all checks, of which only that one may fail.
"""

import inspect
import os

import pytest

from broken_framing import BROKEN
from plain_transports import AsyncPlainTransport, FramingTransport, KeepAliveTransport, PlainTransport
from spongewatch.transports.testing import AsyncTransportContract, FramingContract, KeepAliveContract, TransportContract
from spongewatch.transports.testing.contract.under_test import clean_environment

PAIRS = [(check, broken) for check, all_broken in BROKEN.items() for broken in all_broken]
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "proof"


def contract_for(transport):
    """Return an instance of the contract whose `make_transport` makes this class."""

    kinds = {KeepAliveTransport: KeepAliveContract, FramingTransport: FramingContract, object: TransportContract}
    base = next(contract for kind, contract in kinds.items() if issubclass(transport, kind))

    class Sync(base):
        def make_transport(self):
            return transport()

    class Async(AsyncTransportContract):
        async def make_transport(self):
            return transport()

    return Async() if issubclass(transport, AsyncPlainTransport) else Sync()


def checks_of(contract):
    return [name for name in dir(contract) if name.startswith("test_")]


def complaint(contract, check, folder, caplog):
    """Return the message of a check that fails, None if it passes."""
    caplog.clear()
    method = getattr(contract, check)
    try:
        with clean_environment(folder), contract._under_test() as under_test:
            fixtures = {"transport": under_test, "caplog": caplog, "tmp_path": folder}
            method(**{name: fixtures[name] for name in inspect.signature(method).parameters})
    except AssertionError as error:
        return str(error)
    return None


@pytest.mark.parametrize("transport", [PlainTransport, KeepAliveTransport, FramingTransport])
def test_a_working_transport_passes(transport, tmp_path, caplog):
    contract = contract_for(transport)
    checks = checks_of(contract) if THOROUGH else ["test_threads_can_share_a_transport"]  # a unit test runs the others
    assert [check for check in checks if complaint(contract, check, tmp_path, caplog)] == []


def test_each_check_rejects_a_transport():
    contracts = (KeepAliveContract, FramingContract, AsyncTransportContract)
    assert {*BROKEN} == {check for contract in contracts for check in checks_of(contract)}


@pytest.mark.parametrize(("check", "broken"), PAIRS, ids=lambda item: getattr(item, "__name__", "by"))
def test_a_broken_transport_fails_exactly_one_check(check, broken, tmp_path, caplog):
    contract = contract_for(broken)
    checks = checks_of(contract) if THOROUGH else [check]
    messages = {name: message for name in checks if (message := complaint(contract, name, tmp_path, caplog))}
    assert [*messages] == [check], messages
    print(f"{check} | {broken.__name__} | {messages[check]}")

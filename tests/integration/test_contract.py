"""The contract for transports: sound transports pass it, and each check finds a fault that no other check finds.

`broken_transports` has transports with a single fault for each check. Each of them runs the check for its fault; with
the profile `proof` it runs all checks, and only that one may fail.
"""

import inspect
import os

import pytest

from broken_transports import BROKEN, AsyncSound, Sound, SoundKeeper
from spongewatch.transports.testing import AsyncTransportContract, KeepAliveContract, TransportContract
from spongewatch.transports.testing.contract import _surroundings

PAIRS = [(check, broken) for check, all_broken in BROKEN.items() for broken in all_broken]
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "proof"


def held_to_the_contract(kind):
    """Return a contract class for this kind of transport, as a subclass in a test would be."""

    class Sync(KeepAliveContract if issubclass(kind, SoundKeeper) else TransportContract):
        def make_transport(self):
            return kind()

    class Async(AsyncTransportContract):
        async def make_transport(self):
            return kind()

    return Async() if issubclass(kind, AsyncSound) else Sync()


def checks_of(contract):
    return [name for name in dir(contract) if name.startswith("test_")]


def complaint(contract, check, folder, caplog):
    """Return the message of a check that rejects the transport; None if it passes."""
    caplog.clear()
    method = getattr(contract, check)
    arguments = {"caplog": caplog} if "caplog" in inspect.signature(method).parameters else {}
    try:
        with _surroundings(folder), contract._driven() as driven:
            method(driven, **arguments)
    except AssertionError as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", [Sound, SoundKeeper])
def test_a_sound_transport_passes(kind, tmp_path, caplog):
    contract = held_to_the_contract(kind)
    checks = checks_of(contract) if THOROUGH else ["test_it_is_shared_by_many_threads"]  # a unit test runs the others
    assert [check for check in checks if complaint(contract, check, tmp_path, caplog)] == []


def test_each_check_rejects_a_broken_transport():
    assert {*BROKEN} == {*checks_of(KeepAliveContract), *checks_of(AsyncTransportContract)}


@pytest.mark.parametrize(("check", "broken"), PAIRS, ids=lambda item: getattr(item, "__name__", "by"))
def test_a_broken_transport_fails_exactly_one_check(check, broken, tmp_path, caplog):
    contract = held_to_the_contract(broken)
    checks = checks_of(contract) if THOROUGH else [check]
    said = {name: words for name in checks if (words := complaint(contract, name, tmp_path, caplog))}
    assert [*said] == [check], said
    print(f"{check} | {broken.__name__} | {said[check]}")

"""Fixtures for pytest: a clock, a scripted service, and replayed recordings.

After a test function has passed, the test fails if it left a part of a script unplayed, polled after the end of the
script, or polled too soon.

PYTEST_DONT_REWRITE: there are no asserts in this module, so it may be imported before pytest loads it as a plugin.
"""

from collections.abc import Callable, Generator
from os import PathLike

import pytest

from ..clock import VirtualClock
from ..recordings.recording import Recording
from .script import ScriptedService

_SERVICES = pytest.StashKey[list[tuple[str, ScriptedService]]]()


@pytest.fixture
def spongewatch_clock() -> VirtualClock:
    """Return a clock for the code under test; it moves only when code sleeps on it or moves it."""
    return VirtualClock()


@pytest.fixture
def spongewatch_service(request: pytest.FixtureRequest, spongewatch_clock: VirtualClock) -> ScriptedService:
    """Return a `ScriptedService` on `spongewatch_clock`, without a script yet."""
    return _registered(request, ScriptedService(spongewatch_clock))


@pytest.fixture
def spongewatch_replay(
    request: pytest.FixtureRequest, spongewatch_clock: VirtualClock
) -> Callable[[str | PathLike[str] | Recording], ScriptedService]:
    """Return a function that makes a `ScriptedService` on `spongewatch_clock` from a recording or its path."""

    def replay(recording: str | PathLike[str] | Recording) -> ScriptedService:
        return _registered(request, ScriptedService(spongewatch_clock).replays(recording))

    return replay


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that has passed if one of its services has complaints."""
    result = yield
    complaints = [
        f"{fixture}: {complaint}"
        for fixture, service in item.stash.get(_SERVICES, [])
        for complaint in service.complaints
    ]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)
    return result


def _registered(request: pytest.FixtureRequest, service: ScriptedService) -> ScriptedService:
    """Return the service; from now on its complaints fail the test."""
    services = request.node.stash.setdefault(_SERVICES, [])
    services.append((request.fixturename, service))
    request.addfinalizer(services.clear)  # plugins may run a test again
    return service

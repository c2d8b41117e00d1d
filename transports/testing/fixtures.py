"""What pytest loads of `spongewatch.transports.testing`: a clock, a scripted service, and replayed recordings.

A test fails that left part of a script unplayed, polled beyond it, or polled too soon. That is looked at when the
test's function is over; one that fails by itself does so for its own reason alone.

PYTEST_DONT_REWRITE: nothing is asserted here, and so it may be imported before pytest loads it.
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
    """A clock that moves only when it is moved: the one that the code under test counts and sleeps on."""
    return VirtualClock()


@pytest.fixture
def spongewatch_service(request: pytest.FixtureRequest, spongewatch_clock: VirtualClock) -> ScriptedService:
    """A transport without a script yet, on `spongewatch_clock`."""
    return _held(request, ScriptedService(spongewatch_clock))


@pytest.fixture
def spongewatch_replay(
    request: pytest.FixtureRequest, spongewatch_clock: VirtualClock
) -> Callable[[str | PathLike[str] | Recording], ScriptedService]:
    """Makes a transport of a recording, on `spongewatch_clock`: of its path, or of what `open_recording` gives."""

    def replay(recording: str | PathLike[str] | Recording) -> ScriptedService:
        return _held(request, ScriptedService(spongewatch_clock).replays(recording))

    return replay


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test for what the services that it used complain of."""
    result = yield
    complaints = [
        f"{fixture}: {complaint}"
        for fixture, service in item.stash.get(_SERVICES, [])
        for complaint in service.complaints
    ]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)
    return result


def _held(request: pytest.FixtureRequest, service: ScriptedService) -> ScriptedService:
    """The service, whose complaints are those of the test from now on."""
    services = request.node.stash.setdefault(_SERVICES, [])
    services.append((request.fixturename, service))
    request.addfinalizer(services.clear)  # a test may be run again
    return service

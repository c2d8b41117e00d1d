"""A transport after exceptions at random moments, as Ctrl-C or a signal handler raises them."""

import os

import pytest

from interrupts import interrupt_at_random
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds

TIMES = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "proof" else 300


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_transport_works_after_exceptions_at_any_moment(seed):
    with HostileServer(responds(http_response(b"{}"))) as server:
        interrupt_at_random(server.url, TIMES, seed)

"""Raises exceptions from a signal handler at random moments of a request."""

import random
import signal
import warnings

from spongewatch import Request
from spongewatch.transports import Urllib3Transport


class Interrupted(BaseException):
    pass


def interrupt_at_random(url, times, seed):
    """Interrupt `times` requests of a transport with one connection; after every 50th, a request has to succeed."""
    moments = random.Random(seed)
    request, interrupts = Request("GET", url), 0

    def handler(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with warnings.catch_warnings(), Urllib3Transport(connections=1) as transport:
            warnings.simplefilter(
                "ignore", ResourceWarning
            )  # a socket that was just created may only be closed by its finalizer
            while interrupts < times:
                interrupts += interrupted(transport, request, moments.uniform(1e-6, 1e-3))
                if interrupts % 50 == 0:
                    assert transport.send(request, timeout=30).status == 200
    finally:
        signal.signal(signal.SIGALRM, before)


def interrupted(transport, request, moment):
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, moment)
            transport.send(request, timeout=30)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupted:
        return True
    return False

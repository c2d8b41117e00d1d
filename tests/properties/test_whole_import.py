"""Steps 1 and 3 at services that fail, stall, and change their minds: `Client` and `AsyncClient`."""

import asyncio
import inspect
import json
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spongewatch import (
    AsyncClient,
    Client,
    RemoteProtocolError,
    Request,
    Response,
    ServiceError,
    TransportError,
)
from spongewatch.transports import VirtualClock

TIMEOUT = 60.0
TRANSIENT_KINDS = ["timeout", "reset", "refused", "dns", "tls", "protocol", "too-large", "exhausted", "stale"]
BEGUN = Response(200, {}, b'{"status": "success", "import_id": 7, "url": "https://api.cloudsponge.com/n/V"}')


@dataclass
class Served:
    """One request, when it was sent and when its result was there."""

    request: Request
    began: float
    ended: float
    wait: float | None
    """Seconds for which it must not be repeated; None if it succeeded."""


@dataclass
class Service:
    """A transport to an address book: each request takes the next of `faults`, None for a good response."""

    clock: VirtualClock
    faults: list
    pages: list = field(default_factory=lambda: [500])
    sizes: list = field(default_factory=lambda: [0])
    """The numbers of contacts, one after each request; the last one stays."""

    served: list = field(default_factory=list)

    def send(self, request, *, timeout):
        began = self.clock.now()
        fault, seconds = self.faults.pop(0) if self.faults else (None, 0.1)
        size = self.sizes.pop(0) if len(self.sizes) > 1 else self.sizes[0]
        if seconds > timeout:
            fault, seconds = TransportError("timeout", "no response"), timeout
        self.clock.sleep(seconds)
        wait = None if fault is None else 1.0
        if isinstance(fault, Response) and fault.headers:
            wait = max(1.0, float(fault.headers["retry-after"]))
        self.served.append(Served(request, began, self.clock.now(), wait))
        if isinstance(fault, TransportError):
            raise fault
        if request.method == "POST":
            return fault or BEGUN
        return fault or self.page(int(parse_qs(urlsplit(request.url).query)["start"][0]), size)

    def page(self, start, size):
        stop = min(start + self.pages[len(self.served) % len(self.pages)], size)
        contacts = [{"first_name": str(number)} for number in range(start, stop)]
        page = {"contacts": contacts, "start": start, "count": len(contacts), "total": size}
        return Response(200, {}, json.dumps(page).encode())

    def close(self):
        pass


def run(kind, service, call):
    """Return the result or the error of a call of a client of this kind."""
    client = kind("key", "password", transport=service, clock=service.clock)

    async def whole():
        result = call(client)
        return await result if inspect.isawaitable(result) else result

    try:
        return asyncio.run(whole()) if kind is AsyncClient else call(client)
    except (ServiceError, RemoteProtocolError) as error:
        return error


def names(contacts):
    return [int(contact.first_name) for contact in contacts]


transport_errors = st.builds(TransportError, st.sampled_from(TRANSIENT_KINDS), st.just(""), st.booleans())
statuses = st.sampled_from([503, 500, 429, 404, 408, 202]).map(Response)
asked_to_wait = st.sampled_from(["0", "3", "17", "900"]).map(lambda seconds: Response(503, {"retry-after": seconds}))
final = st.sampled_from([400, 401, 410, 302]).map(Response)
no_pages = st.sampled_from([b"", b"<html>", b"{}", b'{"contacts": [], "start": 5, "total": 9}']).map(
    lambda body: Response(200, {}, body)
)
failures = st.one_of(transport_errors, statuses, asked_to_wait, no_pages, statuses, final)
seconds = st.sampled_from([0.0, 0.1, 0.1, 3.5, 25.0, 61.0])
results = st.lists(st.tuples(st.one_of(st.none(), st.none(), failures), seconds), max_size=12)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@given(
    size=st.integers(0, 40),
    grown=st.none() | st.integers(0, 40),
    after=st.integers(1, 5),
    pages=st.lists(st.integers(1, 15), min_size=1, max_size=4) | st.just([100]),
    faults=results,
)
def test_a_download_is_the_whole_address_book_or_an_error_with_its_beginning(kind, size, grown, after, pages, faults):
    sizes = [size] if grown is None else [size] * after + [grown]
    service = Service(VirtualClock(), list(faults), pages, sizes)
    result = run(kind, service, lambda client: client.contacts("7", timeout=TIMEOUT))
    served = service.served
    if isinstance(result, Exception):
        assert names(result.contacts) == list(range(len(result.contacts)))
        assert len(result.contacts) <= max(size, grown or 0)
    else:
        assert names(result) == list(range(len(result)))
        assert len(result) in (size, grown)
    for earlier, later in pairwise(served):
        if earlier.wait is not None:
            assert later.request.url == earlier.request.url, "the page that failed is asked for again"
            assert later.began >= earlier.ended + earlier.wait, "within the back-off"
    assert_pages_in_time(served)
    if grown is None and not any(fault for fault, _ in faults) and all(took <= TIMEOUT for _, took in faults):
        assert not isinstance(result, Exception)


def assert_pages_in_time(served):
    """Check that no page took longer than the timeout, repetitions included."""
    first = None
    for each in served:
        first = each.began if first is None else first
        assert each.ended <= first + TIMEOUT + 0.005
        if each.wait is None:
            first = None


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@given(faults=st.lists(st.tuples(failures, seconds), max_size=5), timeout=st.sampled_from([0.5, 5.0, 30.0]))
def test_a_post_that_may_have_left_is_never_repeated(kind, faults, timeout):
    service = Service(VirtualClock(), list(faults))
    result = run(kind, service, lambda client: client.begin_import("gmail", timeout=timeout))
    posts = service.served
    assert 1 <= len(posts) <= 3
    ended_with = [fault for fault, _ in [*faults, (None, 0)][: len(posts)]]
    for fault, earlier, later in zip(ended_with, posts, posts[1:], strict=False):
        assert isinstance(fault, TransportError), "the service responded"
        assert fault.kind in ("refused", "dns")
        assert not fault.permanent
        assert later.began >= earlier.ended + 1.0, "within the back-off"
    assert posts[-1].ended <= posts[0].began + timeout + 0.005
    if isinstance(result, ServiceError) and "has not begun" in str(result):
        assert all(isinstance(fault, TransportError) and fault.kind in ("refused", "dns") for fault in ended_with)

"""The whole import over real sockets: consent, wait and contacts; and POSTs whose exchange is cut off anywhere."""

import asyncio
import logging
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise

import pytest

from event_rows import rows
from leftovers import nothing_left
from spongewatch import AsyncClient, Client, Contact, ImportAbandoned, PollPolicy, RemoteProtocolError, ServiceError
from spongewatch.transports import Scenario, Simulator
from spongewatch.transports.testing.hostile_server import HostileServer, http_response

KEYS = ("demo-key", "demo-password")
INTERVAL = 0.02
QUICK = PollPolicy(interval=INTERVAL)
BEGUN = http_response(b'{"status": "success", "import_id": 7, "url": "https://api.cloudsponge.com/n/V"}')
AT_ONCE = 12


# A POST is never repeated.


def begin(url):
    """Begin an import, with a new connection, and return the result or the error."""
    with Client(*KEYS, base_url=url) as client:
        try:
            return client.begin_import("gmail", user_id="42", timeout=10)
        except (ServiceError, RemoteProtocolError) as error:
            return error


def cut_off(sent, resets):
    """Return a script that reads a POST and closes the connection after `sent` bytes of the response."""

    def script(talk):
        assert talk.read_request().startswith(b"POST ")
        talk.send(BEGUN[:sent])
        if resets:
            talk.reset()

    return script


def cut_off_in_the_request(received):
    """Return a script that closes the connection after the first bytes of the request."""

    def script(talk):
        left = received
        while left and (piece := talk.sock.recv(left)):
            left -= len(piece)

    return script


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
def test_a_post_is_not_repeated_wherever_its_response_is_cut_off(resets):
    with HostileServer(*(cut_off(sent, resets) for sent in range(len(BEGUN)))) as server:
        for number in range(1, len(BEGUN) + 1):
            error = begin(server.url)
            assert "the import may have begun" in str(error)
            assert server.connections == len(server.exchanges) == number


def test_a_post_is_not_repeated_wherever_the_request_is_cut_off():
    with HostileServer(cut_off(len(BEGUN), False)) as server:
        assert begin(server.url).import_id == "7"
        length = len(server.exchanges[0].request)
    with HostileServer(*map(cut_off_in_the_request, range(length + 1))) as server:
        for number in range(1, length + 2):
            error = begin(server.url)
            assert "the import may have begun" in str(error)
            assert server.connections == number


# The whole import, at the simulated service.


def assert_gently_polled(service, imports):
    """Check that each import was begun by one POST, and polled no faster than the interval."""
    posts = [request for request in service.requests if request.path.startswith("/begin_import/")]
    assert len(posts) == imports
    polls = {}
    for request in service.requests:
        if request.path.startswith("/events/"):
            polls.setdefault(request.path, []).append(request)
    assert len(polls) == imports
    for of_one in polls.values():
        assert all(later.arrived - earlier.arrived >= INTERVAL - 0.005 for earlier, later in pairwise(of_one))


def test_many_threads_share_a_client_for_whole_imports():
    with nothing_left(), Simulator(speed=50) as service:
        with Client(*KEYS, base_url=service.base_url, policy=QUICK) as client:

            def whole(number):
                begun = client.begin_import("gmail", user_id=str(number), include=["mailing_address"])
                service.consent(begun.import_id, allow=number % 4 != 3)
                outcome = client.wait(begun.import_id)
                return begun, outcome, client.contacts(begun.import_id) if outcome.ok else ()

            with ThreadPoolExecutor(AT_ONCE) as pool:
                results = [*pool.map(whole, range(AT_ONCE))]
        assert_gently_polled(service, AT_ONCE)
    assert len({begun.import_id for begun, _, _ in results}) == AT_ONCE
    for number, (begun, outcome, contacts) in enumerate(results):
        assert begun.user_id == str(number)
        assert outcome.name == ("abandoned" if number % 4 == 3 else "completed")
        assert len(contacts) == (0 if number % 4 == 3 else 2001)


def test_many_tasks_share_an_async_client_for_whole_imports():
    async def main(service):
        async with AsyncClient(*KEYS, base_url=service.base_url, policy=QUICK) as client:

            async def whole(number):
                async def person(begun):
                    await asyncio.sleep(0)
                    service.consent(begun.import_id, allow=number % 4 != 3)

                try:
                    return await client.import_contacts("gmail", on_begun=person, user_id=str(number))
                except ImportAbandoned as error:
                    return error.outcome

            return await asyncio.gather(*map(whole, range(AT_ONCE)))

    with nothing_left(), Simulator(speed=50) as service:
        results = asyncio.run(main(service))
        assert_gently_polled(service, AT_ONCE)
    for number, result in enumerate(results):
        if number % 4 == 3:
            assert result.failure.code == 514
        else:
            assert (len(result), result.owner.first_name, type(result[0])) == (2001, "Olive", Contact)


def test_nothing_that_is_logged_shows_a_person(caplog):
    caplog.set_level(logging.DEBUG)
    with Simulator("skips", speed=50) as service, Client(*KEYS, base_url=service.base_url, policy=QUICK) as client:
        begun = client.begin_import("plaxo", username="mira.of-the-person", password="hunter22!")
        assert client.wait(begun.import_id).ok
        contacts = client.contacts(begun.import_id)
        asked = client.begin_import("gmail")
    token = asked.consent_url.rpartition("/")[2]
    shown = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    shown += repr([client, begun, asked, contacts, contacts[0], contacts.owner, [*contacts[1].emails]])
    assert contacts[0].first_name == "Mira"
    for text in ("hunter22!", "mira.of-the-person", "demo-password", token, "Mira", "Okonkwo", "example.com"):
        assert text not in shown


BOOK = 50_000
HUGE = Scenario(
    "an import of 50,000 contacts",
    ((0.0, rows("INITIALIZING COMPLETED 0", f"GATHERING COMPLETED {BOOK}", "COMPLETE COMPLETED 0")),),
)


def test_the_memory_of_a_stream_does_not_grow_with_the_address_book():
    with Simulator(HUGE) as service, Client(*KEYS, base_url=service.base_url, policy=QUICK) as client:
        assert client.wait("1126").contact_count == BOOK
        stream = client.contacts("1126", stream=True)
        few = sum(1 for _ in islice(stream, 2_000))
        tracemalloc.start()
        try:
            early = peak_while(stream, 3_000)
            late = peak_while(stream, BOOK)
        finally:
            tracemalloc.stop()
    assert few + early[0] + late[0] == stream.total == BOOK
    assert late[1] < early[1] * 1.25 + 200_000
    assert late[1] < 8_000_000


def peak_while(stream, count):
    """Take up to `count` contacts; return how many there were, and the largest memory meanwhile."""
    tracemalloc.reset_peak()
    taken = sum(1 for _ in islice(stream, count))
    return taken, tracemalloc.get_traced_memory()[1]

"""Measure how cost grows with the rows of a response, the polls of a session, and the sessions of a process.

Each cost is a total, so it should grow linearly: ten times the cost for ten times the size. If the fixed cost is larger
than that of one item, the first slope is lower.
"""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle, repeat

from measuring import exponent, in_words, seconds, slopes, table
from service_responses import GATHERING, JSON_HEADERS, XML_HEADERS, gathering, json_response, xml_response

from spongewatch import Credentials, ImportEvent, ImportSession, PollPolicy, Response

ROWS = (1, 10, 100, 1_000)
POLLS = (1, 10, 100, 1_000, 10_000, 100_000)
SESSIONS = (1, 10, 100, 1_000, 10_000)

CREDENTIALS = Credentials("demo-key", "demo-password")
PATIENT = PollPolicy(consent_timeout=None, gathering_timeout=None)


@dataclass(frozen=True)
class Growth:
    """The total cost at each size, in seconds or bytes."""

    what: str
    sizes: Sequence[int]
    costs: Sequence[float]
    unit: str = "s"


def rows_of_a_response() -> list[Growth]:
    """Measure the seconds that `receive` takes for responses of several sizes and kinds."""
    return [
        Growth("JSON, a new response", ROWS, [_taking(_json(rows, 5), _json(rows, 6)) for rows in ROWS]),
        Growth("XML, a new response", ROWS, [_taking(_xml(rows, 5), _xml(rows, 6)) for rows in ROWS]),
        Growth("JSON, every row is new", ROWS, [_taking_news(rows) for rows in ROWS]),
        Growth("JSON, unchanged", ROWS, [_taking_again(_json(rows, 5)) for rows in ROWS]),
        Growth("XML, unchanged", ROWS, [_taking_again(_xml(rows, 5)) for rows in ROWS]),
    ]


def polls_of_a_session() -> list[Growth]:
    """Measure the seconds for the polls of one session."""
    again = _copied(GATHERING)
    return [
        Growth("each with a new count", POLLS, [_polling(polls, map(gathering, count(1))) for polls in POLLS]),
        Growth("unchanged", POLLS, [_polling(polls, repeat(again)) for polls in POLLS]),
    ]


def sessions_of_a_process() -> tuple[Growth, Growth]:
    """Measure the seconds for one poll of each session, and the bytes of all sessions without their last responses."""
    times, memory = [], []
    for number in SESSIONS:
        tracemalloc.start()
        sessions = [new_session() for _ in range(number)]
        for session in sessions:
            poll(session, GATHERING, 0.0)
        memory.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        times.append(_polling_each(sessions))
    return Growth("one poll of each", SESSIONS, times), Growth("memory", SESSIONS, memory, "bytes")


def growth_table(what: str, growths: Sequence[Growth]) -> str:
    """Format the totals, the slopes between sizes, and the exponent over all sizes as a Markdown table."""
    rows = []
    for growth in growths:
        costs = [in_words(cost, growth.unit) for cost in growth.costs]
        steps = " ".join(f"{slope:.2f}" for slope in slopes(growth.sizes, growth.costs))
        rows.append((growth.what, *costs, steps, f"{exponent(growth.sizes, growth.costs):.2f}"))
    return table((what, *(f"{size:,}" for size in growths[0].sizes), "slopes", "exponent"), rows)


def new_session() -> ImportSession:
    return ImportSession("89708927", CREDENTIALS, now=0.0, policy=PATIENT)


def poll(session: ImportSession, body: bytes, now: float) -> float:
    """Poll once as a loop does, and return the time of the next poll."""
    session.next_action(now=now)
    session.sent(now=now)
    session.receive(Response(200, JSON_HEADERS, body), now=now + 0.15)
    return getattr(session.next_action(now=now + 0.15), "until", now)


def _taking(*responses: Response) -> float:
    session, in_turn = new_session(), cycle(responses)
    return seconds(lambda: session.receive(next(in_turn), now=1.0), number=_calls(responses))[0]


def _taking_news(rows: int) -> float:
    events = [ImportEvent("GATHERING", "INPROGRESS", number) for number in range(rows)]
    response = Response(200, JSON_HEADERS, json_response(*events))
    return seconds(lambda: new_session().receive(response, now=1.0), number=_calls([response]))[0]


def _taking_again(response: Response) -> float:
    session, again = new_session(), Response(200, response.headers, _copied(response.body))
    session.receive(response, now=1.0)
    return seconds(lambda: session.receive(again, now=1.0), number=2_000)[0]


def _calls(responses: Sequence[Response]) -> int:
    return max(2, 200_000 // len(responses[0].body))


def _copied(body: bytes) -> bytes:
    """Return an equal but different object: comparing an object with itself takes no time."""
    return bytes(bytearray(body))


def _rows(rows: int, contacts: int) -> Iterator[ImportEvent]:
    yield from repeat(ImportEvent("INITIALIZING", "COMPLETED", 0), rows - 1)
    yield ImportEvent("GATHERING", "INPROGRESS", contacts)


def _json(rows: int, contacts: int) -> Response:
    return Response(200, JSON_HEADERS, json_response(*_rows(rows, contacts)))


def _xml(rows: int, contacts: int) -> Response:
    return Response(200, XML_HEADERS, xml_response(*_rows(rows, contacts)))


def _polling(polls: int, bodies: Iterator[bytes]) -> float:
    session, now = new_session(), poll(new_session(), GATHERING, 0.0)
    session.receive(Response(200, JSON_HEADERS, GATHERING), now=0.0)

    def some_polls() -> None:
        nonlocal now
        for _ in range(polls):
            now = poll(session, next(bodies), now)

    return seconds(some_polls, number=max(1, 1_000 // polls), rounds=2)[0]


def _polling_each(sessions: Sequence[ImportSession]) -> float:
    now, again = 0.0, _copied(GATHERING)

    def one_poll_each() -> None:
        nonlocal now
        now += 2.0
        for session in sessions:
            poll(session, again, now)

    return seconds(one_poll_each, number=max(1, 1_000 // len(sessions)))[0]


if __name__ == "__main__":
    print(growth_table("rows", rows_of_a_response()))
    print(growth_table("polls", polls_of_a_session()))
    print(growth_table("sessions", sessions_of_a_process()))

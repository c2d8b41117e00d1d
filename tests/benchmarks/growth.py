"""How cost grows: with the rows of an answer, with the polls of a session, with the sessions of a process.

Each cost is the total for that many, and a straight line is what is hoped for: ten times as many, ten times
the cost. Where one of them costs less than what comes before all of them, the line begins flatter.
"""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle, repeat

from measuring import exponent, in_words, seconds, slopes, table
from service_answers import GATHERING, JSON_HEADERS, XML_HEADERS, gathering, json_answer, xml_answer

from spongewatch import Credentials, ImportEvent, ImportSession, PollPolicy, Response

ROWS = (1, 10, 100, 1_000)
POLLS = (1, 10, 100, 1_000, 10_000, 100_000)
SESSIONS = (1, 10, 100, 1_000, 10_000)

CREDENTIALS = Credentials("demo-key", "demo-password")
PATIENT = PollPolicy(consent_timeout=None, gathering_timeout=None)


@dataclass(frozen=True)
class Growth:
    """What something costs at each size: the total, in seconds or in bytes."""

    what: str
    sizes: Sequence[int]
    costs: Sequence[float]
    unit: str = "s"


def rows_of_an_answer() -> list[Growth]:
    """Seconds to take an answer of so many rows, by what is in it: `receive`, so decoding and feeding."""
    return [
        Growth("JSON, another answer", ROWS, [_taking(_json(rows, 5), _json(rows, 6)) for rows in ROWS]),
        Growth("XML, another answer", ROWS, [_taking(_xml(rows, 5), _xml(rows, 6)) for rows in ROWS]),
        Growth("JSON, each row is news", ROWS, [_taking_news(rows) for rows in ROWS]),
        Growth("JSON, the same bytes again", ROWS, [_taking_again(_json(rows, 5)) for rows in ROWS]),
        Growth("XML, the same bytes again", ROWS, [_taking_again(_xml(rows, 5)) for rows in ROWS]),
    ]


def polls_of_a_session() -> list[Growth]:
    """Seconds for so many polls of one session."""
    again = _copied(GATHERING)
    return [
        Growth("each brings a new number", POLLS, [_polling(polls, map(gathering, count(1))) for polls in POLLS]),
        Growth("the same bytes again", POLLS, [_polling(polls, repeat(again)) for polls in POLLS]),
    ]


def sessions_of_a_process() -> tuple[Growth, Growth]:
    """Seconds for one poll of each of so many sessions; and their bytes, the last answer not counted."""
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
    """Totals by size, in Markdown; then how steep they are from size to size, and over all."""
    rows = []
    for growth in growths:
        costs = [in_words(cost, growth.unit) for cost in growth.costs]
        steps = " ".join(f"{slope:.2f}" for slope in slopes(growth.sizes, growth.costs))
        rows.append((growth.what, *costs, steps, f"{exponent(growth.sizes, growth.costs):.2f}"))
    return table((what, *(f"{size:,}" for size in growths[0].sizes), "slopes", "exponent"), rows)


def new_session() -> ImportSession:
    return ImportSession("89708927", CREDENTIALS, now=0.0, policy=PATIENT)


def poll(session: ImportSession, body: bytes, now: float) -> float:
    """One poll as a loop does it; gives the time of the next."""
    session.next_action(now=now)
    session.sent(now=now)
    session.receive(Response(200, JSON_HEADERS, body), now=now + 0.15)
    return getattr(session.next_action(now=now + 0.15), "until", now)


def _taking(*answers: Response) -> float:
    session, in_turn = new_session(), cycle(answers)
    return seconds(lambda: session.receive(next(in_turn), now=1.0), number=_calls(answers))[0]


def _taking_news(rows: int) -> float:
    events = [ImportEvent("GATHERING", "INPROGRESS", number) for number in range(rows)]
    answer = Response(200, JSON_HEADERS, json_answer(*events))
    return seconds(lambda: new_session().receive(answer, now=1.0), number=_calls([answer]))[0]


def _taking_again(answer: Response) -> float:
    session, again = new_session(), Response(200, answer.headers, _copied(answer.body))
    session.receive(answer, now=1.0)
    return seconds(lambda: session.receive(again, now=1.0), number=2_000)[0]


def _calls(answers: Sequence[Response]) -> int:
    return max(2, 200_000 // len(answers[0].body))


def _copied(body: bytes) -> bytes:
    """Equal, and not the same object, as which it would be compared at once."""
    return bytes(bytearray(body))


def _rows(rows: int, contacts: int) -> Iterator[ImportEvent]:
    yield from repeat(ImportEvent("INITIALIZING", "COMPLETED", 0), rows - 1)
    yield ImportEvent("GATHERING", "INPROGRESS", contacts)


def _json(rows: int, contacts: int) -> Response:
    return Response(200, JSON_HEADERS, json_answer(*_rows(rows, contacts)))


def _xml(rows: int, contacts: int) -> Response:
    return Response(200, XML_HEADERS, xml_answer(*_rows(rows, contacts)))


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
    print(growth_table("rows", rows_of_an_answer()))
    print(growth_table("polls", polls_of_a_session()))
    print(growth_table("sessions", sessions_of_a_process()))

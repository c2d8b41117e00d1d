"""Target: a watch of any responses, recorded by `TraceWriter`; the replay is equal to the byte and holds no secret."""

from random import Random

from spongewatch import Emitted, Ended, ImportSession, Request, Response, TransportError
from spongewatch.transports import TraceWriter, replay, watch
from spongewatch.transports.testing import HandlerTransport

from .choices import Choices
from .driven import POLICIES, failure, response
from .oracles import BASE_URL, CREDENTIALS, hold_no_secret, lines_of
from .recordings import FOLDER

_CONTENT_TYPES = (None, "application/json", "application/xml", "text/html; x=\u00e9", "application/xml" + " " * 70)
_STARTS = (1_790_000_000.123456, 0.0, -7.2504, 8e9)
_MOST = 40
"""Polls; a watch without budgets would not end."""

_LONGEST = 10**9
"""Seconds; traces are shorter than 30 years."""

SEEDS = (
    b"\x00\x00" + b"".join(b"\x02\x00\xb8\x00" + bytes([number]) + b"\x00\x00" for number in range(9)),
    b"\x01\x02" + 20 * b"\x02\x03\x01\x09\xff\x01\x03\x02\x00\x63",
    b"\x02\x01" + 6 * b"\x00\x04\x00\x01" + b"\x02\x00\x00\x06\x00",
    b"\x01\x00\x02\x00\x00\x00\xff\x00\x02\x0e\x00",  # a status of 999, which no trace could hold
    *(Random(number).randbytes(100) for number in range(5)),
)


class _Clock:
    """A clock that is never at a whole millisecond, and whose sleeps end late, like real ones."""

    def __init__(self, start: float, choices: Choices) -> None:
        self._now = start
        self._choices = choices

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(seconds, 0.0) + self._choices.number() / 1e5

    def wake(self) -> None:
        """Do nothing, because `sleep` returns at once."""


def one_input(data: bytes) -> None:
    choices = Choices(data)
    start = choices.pick(_STARTS)
    clock = _Clock(start, choices)
    session = ImportSession("1126", CREDENTIALS, now=start, base_url=BASE_URL, policy=choices.pick(POLICIES))
    polls = 0

    def respond(request: Request) -> Response:
        nonlocal polls
        polls += 1
        if not choices.more() or polls == _MOST or clock.now() - start > _LONGEST:
            running.cancel()
            raise TransportError("reset", "the script is over")
        kind = choices.number() % 4
        clock.sleep(choices.pick((0.2, 0.0, 0.0314, 3.0, 11.0, 125.0)) + choices.number() / 1000)
        if kind == 0:
            raise failure(choices)
        given = response(choices)
        content_type = choices.pick(_CONTENT_TYPES)
        headers = given.headers if content_type is None else {**given.headers, "content-type": content_type}
        return Response(given.status, headers, given.body)

    file = FOLDER / "written"
    file.unlink(missing_ok=True)
    with TraceWriter(file, CREDENTIALS) as record:
        running = watch(session, HandlerTransport(respond), record=record, clock=clock)
        emitted: list[Emitted] = list(running)
    assert record.error is None
    assert isinstance(emitted[-1], Ended)
    hold_no_secret(file.read_text(), *lines_of(emitted))
    if clock.now() - start > _LONGEST:
        return
    replayed = lines_of(list(replay(file)))
    assert replayed == lines_of(emitted), f"{replayed} instead of {lines_of(emitted)}"

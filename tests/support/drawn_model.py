"""What a watch has to tell: the protocol's page and the design written a second time, as short as they go.

It knows what each answer of a plan means, and when each poll left and came back, for nobody can foresee how late a
machine is. It knows nothing of the library, and imports nothing of it. All times are in whole milliseconds since
the start of the watch, those of a policy in seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple
from zlib import crc32

IMPORT_ID = "1126"
TYPES = ("INITIALIZING", "GATHERING", "COMPLETE")
STATUSES = ("INPROGRESS", "COMPLETED", "ERROR")
ABANDONED = {514, 516, 517, 769, 772, 773, 774}
OVER = ("COMPLETE", "ERROR")
MAX_UNLISTED = 32

Told = tuple[object, ...]
"""What is emitted, without its time, its kind first."""


class Row(NamedTuple):
    """One row of an answer, as the service means it."""

    type: str
    status: str
    value: int | None = None
    odd_value: str | None = None

    def __str__(self) -> str:
        value = self.odd_value if self.value is None else self.value
        return f"{self.type} {self.status}" + (f" {value}" if value is not None else "")


@dataclass(frozen=True)
class Good:
    """An answer that is understood."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Bad:
    """A poll that failed: how its reason starts, and for how many seconds the service asks."""

    reason: str
    asked: float | None = None


@dataclass(frozen=True)
class NotFound:
    """A 404, which is a poll that failed as long as the import may not be there yet."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """An answer after which nothing is asked any more: why, and how its detail starts."""

    why: str
    detail: str


Meaning = Good | Bad | NotFound | Refused
SILENCE = Bad("timeout: no complete response within ")


class Import:
    """The seven rules of the machine."""

    def __init__(self) -> None:
        self.state = "INITIALIZING"
        self.count: int | None = None
        self.code: int | None = None
        self.once: set[object] = set()

    def feed(self, rows: Sequence[Row]) -> list[Told]:
        steps: list[Told] = []
        oddities: list[Told] = []
        fails = [row for row in rows if row.status == "ERROR"]
        for row in sorted(rows, key=_in_order):
            over = self.state in OVER
            if (self.state == "COMPLETE" and row in fails) or (
                row[:2] == ("COMPLETE", "COMPLETED") and (self.state == "ERROR" or (fails and not over))
            ):
                if self._first("contradiction"):
                    oddities.append(("anomaly", "contradiction", row))
            elif not over:
                steps += self._step(row, sorted(fails, key=_in_order))
            if not _is_listed(row):
                seen = sum(isinstance(key, tuple) and key[0] == "unlisted-row" for key in self.once)
                if seen <= MAX_UNLISTED and self._first(("unlisted-row", row.type, row.status)):
                    oddities.append(("anomaly", "unlisted-row", row))
            elif row.odd_value is not None and not over and self._first(("odd-value", row.type, row.status)):
                oddities.append(("anomaly", "odd-value", row))
        return steps + oddities

    def _step(self, row: Row, fails: list[Row]) -> list[Told]:
        steps = []
        listed, gathers = _is_listed(row), row.type == "GATHERING"
        if self.state == "INITIALIZING" and listed and (gathers or row[:2] == ("COMPLETE", "COMPLETED")):
            steps.append(self._go("initialize", "GATHERING", None))
        grows = listed and gathers and row.status != "ERROR" and row.value is not None
        grows = grows and (self.count is None or row.value > self.count)
        if grows:
            self.count = row.value
        match row[:2]:
            case _, "ERROR":
                self.code = next((row.value for row in fails if row.value), None)
                steps.append(self._go("fail", "ERROR", row))
            case "INITIALIZING", "INPROGRESS" if self.state == "INITIALIZING" and self._first("start"):
                steps.append(self._go("start", self.state, row))
            case "INITIALIZING", "COMPLETED" if self.state == "INITIALIZING":
                steps.append(self._go("initialize", "GATHERING", row))
            case "GATHERING", "INPROGRESS" if "gather" not in self.once and (self._first("progress") or grows):
                steps.append(self._go("progress", "GATHERING", row))
            case "GATHERING", "COMPLETED" if self._first("gather"):
                steps.append(self._go("gather", "GATHERING", row))
            case "COMPLETE", "COMPLETED":
                steps.append(self._go("complete", "COMPLETE", row))
        return steps

    def _go(self, trigger: str, dest: str, row: Row | None) -> Told:
        source, self.state = self.state, dest
        return ("transition", trigger, source, dest, self.count, row)

    def _first(self, key: object) -> bool:
        first = key not in self.once
        self.once.add(key)
        return first


class Watched:
    """The watch of one import: `told` is what has to be emitted, each with its time."""

    def __init__(self, policy: Mapping[str, float | None]) -> None:
        self.policy = {name: inf if seconds is None else round(seconds * 1000) for name, seconds in policy.items()}
        self.imported = Import()
        self.told: list[tuple[float, Told]] = []
        self.due = 0.0
        self.failed = 0
        self.owed = self.repeated = False
        self.overdue_polls = 0
        self._phase_began = self._good = 0.0

    @property
    def is_over(self) -> bool:
        return bool(self.told) and self.told[-1][1][0] == "ended"

    def is_overdue(self) -> bool:
        """Return whether a poll comes before a budget may end the watch."""
        return (self.owed or self.due < self.end()[0]) and self.overdue_polls < 3

    def time_for(self, sent: float) -> float:
        """Return the milliseconds that a poll at `sent` has."""
        end, whole = self.end()[0], self.policy["request_timeout"]
        return whole if self.owed or sent >= end else min(whole, end - sent)

    def polled(self, meaning: Meaning, *, sent: float, came: int) -> None:
        """A poll left at `sent`, and this came of it."""
        end = self.end()[0]
        assert not self.is_over, "a poll after the end"
        assert self.due <= sent, f"a poll at {sent}, before {self.due}"
        assert sent < end or self.is_overdue(), f"a poll at {sent}, after {self.end()}"
        overdue = self.owed or sent >= end
        self.overdue_polls += overdue
        stopped = not overdue and came >= sent + self.time_for(sent) + self.policy["interval"]
        self.owed = False
        if isinstance(meaning, NotFound):
            early = came < self.policy["not_found_grace"]
            meaning = Bad(meaning.reason) if early else Refused("unknown-import", meaning.reason)
        if isinstance(meaning, Good):
            self._understood(meaning.rows, came)
            self.owed = stopped and came >= self.end()[0]
        elif isinstance(meaning, Refused):
            self._tell(came, "ended", "rejected", meaning.why, meaning.detail)
        elif came < end:
            self._failed(meaning, came)
        elif stopped or (overdue and self._is_repeated(came)):
            self._failed(meaning, came, owed=True)
        else:
            self.due = came + self.policy["interval"]
        if not self.is_over and came >= self.end()[0] and not self.is_overdue():
            self.waited()

    def waited(self) -> None:
        """Nothing more is asked until a budget runs out."""
        end, reason = self.end()
        assert end < inf
        told_last = self.told[-1][0] if self.told else 0
        lost = reason == "lost"
        how = ("lost-contact", None, "no valid response for ") if lost else ("timed-out", reason, None)
        self._tell(max(end, told_last), "ended", *how)

    def end(self) -> tuple[float, str]:
        """The first budget to run out, of several the phase's own."""
        phase = "consent" if self.imported.state == "INITIALIZING" else "gathering"
        return min(
            (self._phase_began + self.policy[f"{phase}_timeout"], phase),
            (self.policy["timeout"], "total"),
            (self._good + self.policy["lost_contact_timeout"], "lost"),
            key=lambda end: end[0],
        )

    def _understood(self, rows: Sequence[Row], came: int) -> None:
        before = self.imported.state
        for item in self.imported.feed(rows):
            self._tell(came, *item)
        self._good, self.failed, self.due = came, 0, came + self.policy["interval"]
        self.overdue_polls, self.repeated = 0, False
        if self.imported.state != before:
            self._phase_began = came
        if self.imported.state == "COMPLETE":
            self._tell(came, "ended", "completed", None, None)
        elif self.imported.state == "ERROR":
            abandoned = self.imported.code in ABANDONED
            self._tell(came, "ended", "abandoned" if abandoned else "failed", None, None)

    def _is_repeated(self, came: int) -> bool:
        """Return whether an overdue poll that failed is repeated: once, if lost contact is all that is over."""
        phase = "consent" if self.imported.state == "INITIALIZING" else "gathering"
        others = (self._phase_began + self.policy[f"{phase}_timeout"], self.policy["timeout"])
        first, self.repeated = not self.repeated and came < min(others), True
        return first

    def _failed(self, poll: Bad, came: int, owed: bool = False) -> None:
        latest = came + self.policy["request_timeout"] if owed else self.end()[0] - 1
        if poll.asked is not None and came + poll.asked * 1000 > latest:
            self._tell(came, "ended", "lost-contact", None, poll.reason)
            return
        self.failed += 1
        interval = self.policy["interval"]
        jitter = crc32(f"{IMPORT_ID}:{self.failed}".encode()) / 2**32
        backoff = round(min(self.policy["max_delay"], interval * 2 ** (self.failed - 1) * (1 + jitter / 2)))
        backoff = 0 if owed else backoff
        self.due, self.owed = came + max(interval, backoff if poll.asked is None else poll.asked * 1000), owed
        if owed and not self.is_overdue():
            return
        retry_at = self.due if owed or self.due < self.end()[0] else None
        self._tell(came, "poll-failed", self.failed, retry_at, poll.reason)

    def _tell(self, at: float, *item: object) -> None:
        self.told.append((at, item))


def _is_listed(row: Row) -> bool:
    return row.type in TYPES and row.status in STATUSES and row[:2] != ("COMPLETE", "INPROGRESS")


def _in_order(row: Row) -> tuple[object, ...]:
    ranks = [
        (names.index(word) if word in names else len(names), word)
        for names, word in ((TYPES, row.type), (STATUSES, row.status))
    ]
    return (*ranks, -1 if row.value is None else row.value, row.odd_value or "")

"""A second, minimal implementation of the protocol, which predicts what a watch emits.

It is given what each response of a plan means, and when each poll was sent and came back, which depends on the machine.
It imports nothing of the library. All times are in milliseconds since the start of the watch, those of a policy in
seconds.
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

Item = tuple[object, ...]
"""An emitted item without its time, its kind first."""


class Row(NamedTuple):
    """One row of a response."""

    type: str
    status: str
    value: int | None = None
    odd_value: str | None = None

    def __str__(self) -> str:
        value = self.odd_value if self.value is None else self.value
        return f"{self.type} {self.status}" + (f" {value}" if value is not None else "")


@dataclass(frozen=True)
class Good:
    """A valid response."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Bad:
    """A failed poll: how its reason starts, and its `Retry-After` in seconds."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True)
class NotFound:
    """A 404, which is a failed poll as long as the import may not exist yet."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """A rejection: its reason, and how its detail starts."""

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

    def feed(self, rows: Sequence[Row]) -> list[Item]:
        transitions: list[Item] = []
        anomalies: list[Item] = []
        fails = [row for row in rows if row.status == "ERROR"]
        for row in sorted(rows, key=_in_order):
            over = self.state in OVER
            if (self.state == "COMPLETE" and row in fails) or (
                row[:2] == ("COMPLETE", "COMPLETED") and (self.state == "ERROR" or (fails and not over))
            ):
                if self._first("contradiction"):
                    anomalies.append(("anomaly", "contradiction", row))
            elif not over:
                transitions += self._step(row, sorted(fails, key=_in_order))
            if not _is_listed(row):
                seen = sum(isinstance(key, tuple) and key[0] == "unlisted-row" for key in self.once)
                if seen <= MAX_UNLISTED and self._first(("unlisted-row", row.type, row.status)):
                    anomalies.append(("anomaly", "unlisted-row", row))
            elif row.odd_value is not None and not over and self._first(("odd-value", row.type, row.status)):
                anomalies.append(("anomaly", "odd-value", row))
        return transitions + anomalies

    def _step(self, row: Row, fails: list[Row]) -> list[Item]:
        transitions = []
        listed, gathers = _is_listed(row), row.type == "GATHERING"
        if self.state == "INITIALIZING" and listed and (gathers or row[:2] == ("COMPLETE", "COMPLETED")):
            transitions.append(self._go("initialize", "GATHERING", None))
        grows = listed and gathers and row.status != "ERROR" and row.value is not None
        grows = grows and (self.count is None or row.value > self.count)
        if grows:
            self.count = row.value
        match row[:2]:
            case _, "ERROR":
                self.code = next((row.value for row in fails if row.value), None)
                transitions.append(self._go("fail", "ERROR", row))
            case "INITIALIZING", "INPROGRESS" if self.state == "INITIALIZING" and self._first("start"):
                transitions.append(self._go("start", self.state, row))
            case "INITIALIZING", "COMPLETED" if self.state == "INITIALIZING":
                transitions.append(self._go("initialize", "GATHERING", row))
            case "GATHERING", "INPROGRESS" if "gather" not in self.once and (self._first("progress") or grows):
                transitions.append(self._go("progress", "GATHERING", row))
            case "GATHERING", "COMPLETED" if self._first("gather"):
                transitions.append(self._go("gather", "GATHERING", row))
            case "COMPLETE", "COMPLETED":
                transitions.append(self._go("complete", "COMPLETE", row))
        return transitions

    def _go(self, trigger: str, dest: str, row: Row | None) -> Item:
        source, self.state = self.state, dest
        return ("transition", trigger, source, dest, self.count, row)

    def _first(self, key: object) -> bool:
        first = key not in self.once
        self.once.add(key)
        return first


class Watched:
    """The watch of one import; `emitted` is what it has to emit, each item with its time."""

    def __init__(self, policy: Mapping[str, float | None]) -> None:
        self.policy = {name: inf if seconds is None else round(seconds * 1000) for name, seconds in policy.items()}
        self.imported = Import()
        self.emitted: list[tuple[float, Item]] = []
        self.due = 0.0
        self.failed = 0
        self.owed = self.repeated = False
        self.overdue_polls = 0
        self._phase_began = self._good = 0.0

    @property
    def is_over(self) -> bool:
        return bool(self.emitted) and self.emitted[-1][1][0] == "ended"

    def is_overdue(self) -> bool:
        """Return whether a poll must be sent before a budget may end the watch."""
        return (self.owed or self.due < self.end()[0]) and self.overdue_polls < 3

    def time_for(self, sent: float) -> float:
        """Return the timeout of a poll that is sent at `sent`, in milliseconds."""
        end, whole = self.end()[0], self.policy["request_timeout"]
        return whole if self.owed or sent >= end else min(whole, end - sent)

    def polled(self, meaning: Meaning, *, sent: float, ended: int) -> None:
        """Take the result of a poll that was sent at `sent` and ended at `ended`."""
        end = self.end()[0]
        assert not self.is_over, "a poll after the end"
        assert self.due <= sent, f"a poll at {sent}, before {self.due}"
        assert sent < end or self.is_overdue(), f"a poll at {sent}, after {self.end()}"
        overdue = self.owed or sent >= end
        self.overdue_polls += overdue
        stopped = not overdue and ended >= sent + self.time_for(sent) + self.policy["interval"]
        self.owed = False
        if isinstance(meaning, NotFound):
            early = ended < self.policy["not_found_grace"]
            meaning = Bad(meaning.reason) if early else Refused("unknown-import", meaning.reason)
        if isinstance(meaning, Good):
            self._understood(meaning.rows, ended)
            self.owed = stopped and ended >= self.end()[0]
        elif isinstance(meaning, Refused):
            self._emit(ended, "ended", "rejected", meaning.why, meaning.detail)
        elif ended < end:
            self._failed(meaning, ended)
        elif stopped or (overdue and self._is_repeated(ended)):
            self._failed(meaning, ended, owed=True)
        else:
            self.due = ended + self.policy["interval"]
        if not self.is_over and ended >= self.end()[0] and not self.is_overdue():
            self.waited()

    def waited(self) -> None:
        """End the watch, because a budget ran out and no poll is overdue."""
        end, reason = self.end()
        assert end < inf
        last_emitted = self.emitted[-1][0] if self.emitted else 0
        lost = reason == "lost"
        how = ("lost-contact", None, "no valid response for ") if lost else ("timed-out", reason, None)
        self._emit(max(end, last_emitted), "ended", *how)

    def end(self) -> tuple[float, str]:
        """Return the end of the first budget to run out and its name; of several, the phase's own."""
        phase = "consent" if self.imported.state == "INITIALIZING" else "gathering"
        return min(
            (self._phase_began + self.policy[f"{phase}_timeout"], phase),
            (self.policy["timeout"], "total"),
            (self._good + self.policy["lost_contact_timeout"], "lost"),
            key=lambda end: end[0],
        )

    def _understood(self, rows: Sequence[Row], ended: int) -> None:
        before = self.imported.state
        for item in self.imported.feed(rows):
            self._emit(ended, *item)
        self._good, self.failed, self.due = ended, 0, ended + self.policy["interval"]
        self.overdue_polls, self.repeated = 0, False
        if self.imported.state != before:
            self._phase_began = ended
        if self.imported.state == "COMPLETE":
            self._emit(ended, "ended", "completed", None, None)
        elif self.imported.state == "ERROR":
            abandoned = self.imported.code in ABANDONED
            self._emit(ended, "ended", "abandoned" if abandoned else "failed", None, None)

    def _is_repeated(self, ended: int) -> bool:
        """Return whether a failed overdue poll is repeated: once, if only the lost-contact budget is over."""
        phase = "consent" if self.imported.state == "INITIALIZING" else "gathering"
        others = (self._phase_began + self.policy[f"{phase}_timeout"], self.policy["timeout"])
        first, self.repeated = not self.repeated and ended < min(others), True
        return first

    def _failed(self, poll: Bad, ended: int, owed: bool = False) -> None:
        latest = ended + self.policy["request_timeout"] if owed else self.end()[0] - 1
        if poll.retry_after is not None and ended + poll.retry_after * 1000 > latest:
            self._emit(ended, "ended", "lost-contact", None, poll.reason)
            return
        self.failed += 1
        interval = self.policy["interval"]
        jitter = crc32(f"{IMPORT_ID}:{self.failed}".encode()) / 2**32
        backoff = round(min(self.policy["max_delay"], interval * 2 ** (self.failed - 1) * (1 + jitter / 2)))
        backoff = 0 if owed else backoff
        self.due, self.owed = (
            ended + max(interval, backoff if poll.retry_after is None else poll.retry_after * 1000),
            owed,
        )
        if owed and not self.is_overdue():
            return
        retry_at = self.due if owed or self.due < self.end()[0] else None
        self._emit(ended, "poll-failed", self.failed, retry_at, poll.reason)

    def _emit(self, at: float, *item: object) -> None:
        self.emitted.append((at, item))


def _is_listed(row: Row) -> bool:
    return row.type in TYPES and row.status in STATUSES and row[:2] != ("COMPLETE", "INPROGRESS")


def _in_order(row: Row) -> tuple[object, ...]:
    ranks = [
        (names.index(word) if word in names else len(names), word)
        for names, word in ((TYPES, row.type), (STATUSES, row.status))
    ]
    return (*ranks, -1 if row.value is None else row.value, row.odd_value or "")

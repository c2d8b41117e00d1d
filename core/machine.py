"""`ImportMachine`: rows of answers in, transitions and anomalies out; no HTTP, no clock.

The table and the seven rules that it applies stand in `table`. What belongs to polling (requests, time,
retries, credentials) is not for this module.
"""

import json
from collections.abc import Iterable
from typing import TypeGuard, final

from .emitted import Anomaly, Transition
from .endpoint import import_id_text
from .errors import LocalProtocolError
from .events import MAX_NUMBER, ImportEvent, is_word
from .failures import ErrorCategory, ImportFailure
from .outcomes import Abandoned, Completed, Failed
from .saved import SavedObject
from .table import FAILING, IMPLYING_INITIALIZE, STATE_MACHINE, STATUSES, TRIGGERS, TYPES, State
from .text import shown

SAVED_VERSION = 1
MAX_UNLISTED = 32
"""Unlisted pairs that are remembered; the first beyond them is told too, and then no further one (rule 7)."""

_COMPLETED = ("COMPLETE", "COMPLETED")
_TYPE_RANK = {name: rank for rank, name in enumerate(TYPES)}
_STATUS_RANK = {name: rank for rank, name in enumerate(STATUSES)}


@final
class ImportMachine:
    """Follows one import through the rows of its answers.

    `import_id` is only stamped on what comes out. A machine belongs to one thread at a time; two machines
    share nothing. An int, as the service sends it, is kept as a str. Raises `InvalidType` for an id of another type,
    and `LocalProtocolError` for an int below 1. Any exception out of a method other than those that it names is a bug.

    >>> machine = ImportMachine("1126")
    >>> [step.trigger for step in machine.feed([ImportEvent("GATHERING", "COMPLETED", 2)])]
    ['initialize', 'gather']
    >>> machine.state, machine.contact_count
    (<State.GATHERING: 'GATHERING'>, 2)
    """

    __slots__ = ("_contact_count", "_failure", "_import_id", "_state", "_told")

    def __init__(self, import_id: str | int | None = None) -> None:
        self._import_id = None if import_id is None else import_id_text(import_id)
        self._state = State.INITIALIZING
        self._contact_count: int | None = None
        self._failure: ImportFailure | None = None
        # What is told only once: ("start",), ("odd-value", type, status) and so on; see `_first`. Never
        # more than a few dozen, and in a tuple smaller than in a set.
        self._told: tuple[tuple[str, ...], ...] = ()

    @property
    def import_id(self) -> str | None:
        """The id that is stamped on what comes out."""
        return self._import_id

    @property
    def state(self) -> State:
        """Where the import stands."""
        return self._state

    @property
    def contact_count(self) -> int | None:
        """The largest number of contacts that an answer told, or None."""
        return self._contact_count

    @property
    def seen(self) -> bool:
        """True once the machine was fed a row: only then a response has shown that there is such an import.

        >>> machine = ImportMachine()
        >>> steps = machine.feed([ImportEvent("INITIALIZING", "INPROGRESS", 0)])
        >>> ImportMachine().seen, machine.seen
        (False, True)
        """
        return bool(self._told) or self._state is not State.INITIALIZING

    @property
    def failure(self) -> ImportFailure | None:
        """Why the import failed, in the state ERROR; None in every other."""
        return self._failure

    @property
    def outcome(self) -> Completed | Failed | Abandoned | None:
        """The service's verdict on the import; None while there is none.

        >>> machine = ImportMachine()
        >>> steps = machine.feed([ImportEvent("GATHERING", "ERROR", 264)])
        >>> machine.outcome.name
        'failed'
        """
        if self._failure is not None:
            abandoned = self._failure.category is ErrorCategory.ABANDONED
            return Abandoned(self._failure) if abandoned else Failed(self._failure)
        return Completed(self._contact_count) if self._state is State.COMPLETE else None

    def __repr__(self) -> str:
        try:
            known = f"state={self._state.name} contact_count={self._contact_count}"
            return f"<ImportMachine import_id={self._import_id!r} {known}>"
        except AttributeError:  # __init__ raised, and something prints the locals of its frame
            return "<ImportMachine>"

    def feed(self, events: Iterable[ImportEvent], *, at: float | None = None) -> tuple[Transition | Anomaly, ...]:
        """Take the rows of one answer; give what is new in them.

        Transitions come first, then anomalies, both in the protocol's order. `at` is stamped on each, in
        the caller's own seconds. Raises `LocalProtocolError`, with nothing changed, for a row that is no
        `ImportEvent` and for an `at` that is not finite.

        >>> ImportMachine().feed([])
        ()
        """
        rows = list(events) if isinstance(events, Iterable) else None
        if rows is None or not all(isinstance(row, ImportEvent) for row in rows):
            raise LocalProtocolError("a machine is fed with rows, of the type ImportEvent")
        if at is not None:
            at = _seconds(at)
        rows.sort(key=_protocol_order)
        failing = [row for row in rows if row.status == FAILING]
        transitions: list[Transition] = []
        anomalies: list[Anomaly] = []
        for row in rows:
            over = self._state.is_terminal
            contradicts = self._contradicts(row, bool(failing))
            if not over and not contradicts:
                transitions += self._apply(row, failing, at)
            anomalies += (
                Anomaly(self._import_id, at, reason, row)
                for reason in self._oddities(row, over=over, contradicts=contradicts)
            )
        return (*transitions, *anomalies)

    def save(self) -> str:
        """The machine as JSON, for `resume`.

        >>> ImportMachine.resume(ImportMachine("1126").save())
        <ImportMachine import_id='1126' state=INITIALIZING contact_count=None>
        """
        failure = self._failure
        return json.dumps(
            {
                "spongewatch-machine": SAVED_VERSION,
                "import_id": self._import_id,
                "state": self._state.value,
                "contact_count": self._contact_count,
                "failure": failure and {"code": failure.code, "phase": failure.phase.value},
                "told": sorted(self._told),
            }
        )

    @classmethod
    def resume(cls, saved: str) -> "ImportMachine":
        """The machine that `save` wrote.

        Raises `LocalProtocolError`, which names the member, for what it can't have written, and `InvalidType` if
        `saved` is not a str.
        """
        members = SavedObject.parse("machine", SAVED_VERSION, saved)
        machine = cls(members.text("import_id"))
        machine._state = members.choice("state", State)
        machine._contact_count = members.count("contact_count")
        machine._failure = _saved_failure(members)
        machine._told = _saved_told(members)
        machine._check_saved(members)
        return machine

    def _check_saved(self, members: SavedObject) -> None:
        """Refuse members that can't stand beside each other."""
        if (self._failure is None) is (self._state is State.ERROR):
            raise members.refusal("failure", "there in the state ERROR, and in no other")
        if State.INITIALIZING in (self._state, self._failure and self._failure.phase):
            if self._contact_count is not None:
                raise members.refusal("contact_count", "null before the state GATHERING")
            if ("progress",) in self._told or ("gather",) in self._told:
                raise members.refusal("told", "without progress and gather before the state GATHERING")
        if ("contradiction",) in self._told and not self._state.is_terminal:
            raise members.refusal("told", "without a contradiction before the end")

    def _contradicts(self, row: ImportEvent, answer_fails: bool) -> bool:
        if row.status == FAILING:
            return self._state is State.COMPLETE
        failed = self._state is State.ERROR or (answer_fails and self._state is not State.COMPLETE)
        return failed and (row.type, row.status) == _COMPLETED

    def _apply(self, row: ImportEvent, failing: list[ImportEvent], at: float | None) -> list[Transition]:
        pair = (row.type, row.status)
        trigger = "fail" if row.status == FAILING else TRIGGERS.get(pair)
        if trigger is None:
            return []
        steps = []
        if self._state is State.INITIALIZING and pair in IMPLYING_INITIALIZE:
            steps.append(self._fire("initialize", None, at))
        grew = trigger in ("progress", "gather") and self._grow(row.value)
        if trigger == "fail":
            code = next((failed.value for failed in failing if failed.value), None)
            self._failure = ImportFailure.of(code, self._state)
        if self._is_news(trigger, grew):
            steps.append(self._fire(trigger, row, at))
        return steps

    def _grow(self, count: int | None) -> bool:
        """Keep the largest number of contacts; True where `count` is larger than all before, or the first."""
        if count is None or (self._contact_count is not None and count <= self._contact_count):
            return False
        self._contact_count = count
        return True

    def _is_news(self, trigger: str, grew: bool) -> bool:
        match trigger:
            case "start":
                return self._state is State.INITIALIZING and self._first("start")
            case "initialize":
                return self._state is State.INITIALIZING
            case "progress":
                return ("gather",) not in self._told and (self._first("progress") or grew)
            case "gather":
                return self._first("gather")
            case _:
                return True  # `complete` and `fail`: after them no row is applied.

    def _fire(self, trigger: str, event: ImportEvent | None, at: float | None) -> Transition:
        source = self._state
        STATE_MACHINE.events[trigger].trigger(self)
        return Transition(self._import_id, at, trigger, source, self._state, self._contact_count, event, self._failure)

    def _oddities(self, row: ImportEvent, *, over: bool, contradicts: bool) -> list[str]:
        """Which anomalies the row is, of those that have not been told."""
        reasons = []
        if contradicts and self._first("contradiction"):
            reasons.append("contradiction")
        if (row.type, row.status) not in TRIGGERS:
            if self._remembers_more() and self._first("unlisted-row", row.type, row.status):
                reasons.append("unlisted-row")
        elif row.odd_value is not None and not over and self._first("odd-value", row.type, row.status):
            reasons.append("odd-value")
        return reasons

    def _remembers_more(self) -> bool:
        return sum(key[0] == "unlisted-row" for key in self._told) <= MAX_UNLISTED

    def _first(self, *key: str) -> bool:
        """True the first time that it is asked for this key."""
        if key in self._told:
            return False
        self._told += (key,)
        return True


def _seconds(at: float) -> float:
    if isinstance(at, int | float) and not isinstance(at, bool) and abs(at) <= MAX_NUMBER:
        return float(at)
    raise LocalProtocolError(f"the time of an answer is a finite number of seconds, not {shown(at)}")


def _protocol_order(row: ImportEvent) -> tuple[int, str, int, str, int, bool, str]:
    return (
        _TYPE_RANK.get(row.type, len(TYPES)),
        row.type,
        _STATUS_RANK.get(row.status, len(STATUSES)),
        row.status,
        -1 if row.value is None else row.value,
        row.odd_value is not None,
        row.odd_value or "",
    )


def _saved_failure(members: SavedObject) -> ImportFailure | None:
    saved = members.child("failure")
    if saved is None:
        return None
    code = saved.count("code")
    if code == 0:
        raise saved.refusal("code", "above 0, or null")
    phase = saved.choice("phase", State)
    if phase.is_terminal:
        raise saved.refusal("phase", "a state in which an import can fail")
    return ImportFailure.of(code, phase)


def _saved_told(members: SavedObject) -> tuple[tuple[str, ...], ...]:
    told: dict[tuple[str, ...], None] = {}  # as an ordered set
    for key in members.items("told"):
        if not _can_be_told(key):
            raise members.refusal("told", "a list of what a machine tells once")
        told[tuple(key)] = None
    if sum(key[0] == "unlisted-row" for key in told) > MAX_UNLISTED + 1:
        raise members.refusal("told", f"a list of {MAX_UNLISTED + 1} unlisted rows at the most")
    return tuple(told)


def _can_be_told(key: object) -> TypeGuard[list[str]]:
    match key:
        case ["start" | "progress" | "gather" | "contradiction"]:
            return True
        case ["odd-value", str(event_type), str(status)]:
            return (event_type, status) in TRIGGERS
        case ["unlisted-row", str(event_type), str(status)]:
            return is_word(event_type) and is_word(status) and (event_type, status) not in TRIGGERS
        case _:
            return False

"""`ImportMachine`: rows of responses in, transitions and anomalies out.

It applies the table and the seven rules in `table`. It knows no HTTP and no time.
"""

import json
from collections.abc import Iterable
from typing import TypeGuard, final

from .emitted import Anomaly, AnomalyReason, Transition
from .endpoint import import_id_text
from .error_codes import ErrorCategory, ImportFailure
from .errors import InvalidType, wrong_type
from .events import MAX_NUMBER, ImportEvent, is_word
from .moments import time_error
from .outcomes import Abandoned, Completed, Failed
from .saved_object import SavedObject
from .table import FAILING, IMPLYING_INITIALIZE, STATE_MACHINE, STATUSES, TRIGGERS, TYPES, State, Trigger

SAVED_VERSION = 1
MAX_UNLISTED = 32
"""Unlisted pairs that are remembered; the first one beyond is emitted too, then no more (rule 7)."""

_COMPLETED = ("COMPLETE", "COMPLETED")
_TYPE_RANK = {name: rank for rank, name in enumerate(TYPES)}
_STATUS_RANK = {name: rank for rank, name in enumerate(STATUSES)}


@final
class ImportMachine:
    """The state of one import, from the rows of its responses.

    A machine may be used by one thread at a time.

    Args:
        import_id: The id that transitions and anomalies get, or None. An int, as the service sends it, becomes a str.

    Raises:
        InvalidType: `import_id` is not a str, an int or None.
        InvalidArgument: `import_id` is an int that can't be an import id.

    >>> machine = ImportMachine("1126")
    >>> [step.trigger for step in machine.feed([ImportEvent("GATHERING", "COMPLETED", 2)])]
    ['initialize', 'gather']
    >>> machine.state, machine.contact_count
    (<State.GATHERING: 'GATHERING'>, 2)
    """

    __slots__ = ("_contact_count", "_emitted", "_failure", "_import_id", "_state")

    def __init__(self, import_id: str | int | None = None) -> None:
        self._import_id = None if import_id is None else import_id_text(import_id)
        self._state = State.INITIALIZING
        self._contact_count: int | None = None
        self._failure: ImportFailure | None = None
        # The keys of what is emitted only once, such as ("start",) and ("odd-value", type, status). They are at most a
        # few dozen, and a tuple is smaller than a set.
        self._emitted: tuple[tuple[str, ...], ...] = ()

    @property
    def import_id(self) -> str | None:
        """The id of the import, or None."""
        return self._import_id

    @property
    def state(self) -> State:
        """The state of the import."""
        return self._state

    @property
    def contact_count(self) -> int | None:
        """The largest number of contacts in any response, or None."""
        return self._contact_count

    @property
    def seen(self) -> bool:
        """Whether any response listed the import: the machine was fed at least one row.

        >>> machine = ImportMachine()
        >>> steps = machine.feed([ImportEvent("INITIALIZING", "INPROGRESS", 0)])
        >>> ImportMachine().seen, machine.seen
        (False, True)
        """
        return bool(self._emitted) or self._state is not State.INITIALIZING

    @property
    def failure(self) -> ImportFailure | None:
        """Why the import failed; None in states other than ERROR."""
        return self._failure

    @property
    def outcome(self) -> Completed | Failed | Abandoned | None:
        """The service's verdict on the import; None until it has ended.

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
        """Take the rows of one response; return what is new.

        Args:
            events: The rows, in any order.
            at: The time of the response in seconds, for the `at` of the items. Default: None.

        Returns:
            The transitions, then the anomalies, both in the protocol's order.

        Raises:
            InvalidType: `events` are not `ImportEvent` objects, or `at` is not a number.
            InvalidArgument: `at` is not finite.

        >>> machine = ImportMachine("1126")
        >>> [step.trigger for step in machine.feed([ImportEvent("INITIALIZING", "COMPLETED", 0)])]
        ['initialize']
        >>> machine.feed([ImportEvent("INITIALIZING", "COMPLETED", 0)])
        ()
        """
        if not isinstance(events, Iterable):
            raise wrong_type("events", "an iterable of ImportEvent", events)
        rows = list(events)
        if not all(isinstance(row, ImportEvent) for row in rows):
            raise InvalidType("events must contain only ImportEvent objects")
        at = None if at is None else _seconds(at)
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
        """Return the machine as JSON, for `resume`.

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
                "told": sorted(self._emitted),
            }
        )

    @classmethod
    def resume(cls, saved: str) -> "ImportMachine":
        """Return the machine that `save` returned as JSON.

        Args:
            saved: The JSON text.

        Raises:
            InvalidType: `saved` is not a str.
            LocalProtocolError: `saved` is not a saved machine. The message names the key.

        >>> machine = ImportMachine("1126")
        >>> steps = machine.feed([ImportEvent("GATHERING", "INPROGRESS", 5)])
        >>> ImportMachine.resume(machine.save()).contact_count
        5
        """
        parsed = SavedObject.parse("machine", SAVED_VERSION, saved)
        machine = cls(parsed.text("import_id"))
        machine._state = parsed.choice("state", State)
        machine._contact_count = parsed.count("contact_count")
        machine._failure = _saved_failure(parsed)
        machine._emitted = _saved_emitted(parsed)
        machine._check_saved(parsed)
        return machine

    def _check_saved(self, saved: SavedObject) -> None:
        """Refuse values that contradict each other."""
        if (self._failure is None) is (self._state is State.ERROR):
            raise saved.refusal("failure", "an object in the state ERROR, and null in every other")
        if State.INITIALIZING in (self._state, self._failure and self._failure.phase):
            if self._contact_count is not None:
                raise saved.refusal("contact_count", "null before the state GATHERING")
            if ("progress",) in self._emitted or ("gather",) in self._emitted:
                raise saved.refusal("told", "without progress and gather before the state GATHERING")
        if ("contradiction",) in self._emitted and not self._state.is_terminal:
            raise saved.refusal("told", "without a contradiction before the end")

    def _contradicts(self, row: ImportEvent, response_fails: bool) -> bool:
        if row.status == FAILING:
            return self._state is State.COMPLETE
        failed = self._state is State.ERROR or (response_fails and self._state is not State.COMPLETE)
        return failed and (row.type, row.status) == _COMPLETED

    def _apply(self, row: ImportEvent, failing: list[ImportEvent], at: float | None) -> list[Transition]:
        pair = (row.type, row.status)
        trigger: Trigger | None = "fail" if row.status == FAILING else TRIGGERS.get(pair)
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
        """Keep the largest number of contacts; return whether `count` is larger than all before, or the first."""
        if count is None or (self._contact_count is not None and count <= self._contact_count):
            return False
        self._contact_count = count
        return True

    def _is_news(self, trigger: Trigger, grew: bool) -> bool:
        match trigger:
            case "start":
                return self._state is State.INITIALIZING and self._first("start")
            case "initialize":
                return self._state is State.INITIALIZING
            case "progress":
                return ("gather",) not in self._emitted and (self._first("progress") or grew)
            case "gather":
                return self._first("gather")
            case _:
                return True  # complete and fail: no row is applied after them

    def _fire(self, trigger: Trigger, event: ImportEvent | None, at: float | None) -> Transition:
        source = self._state
        STATE_MACHINE.events[trigger].trigger(self)
        return Transition(self._import_id, at, trigger, source, self._state, self._contact_count, event, self._failure)

    def _oddities(self, row: ImportEvent, *, over: bool, contradicts: bool) -> list[AnomalyReason]:
        """Return the anomalies of the row that have not been emitted before."""
        reasons: list[AnomalyReason] = []
        if contradicts and self._first("contradiction"):
            reasons.append("contradiction")
        if (row.type, row.status) not in TRIGGERS:
            if self._remembers_more() and self._first("unlisted-row", row.type, row.status):
                reasons.append("unlisted-row")
        elif row.odd_value is not None and not over and self._first("odd-value", row.type, row.status):
            reasons.append("odd-value")
        return reasons

    def _remembers_more(self) -> bool:
        return sum(key[0] == "unlisted-row" for key in self._emitted) <= MAX_UNLISTED

    def _first(self, *key: str) -> bool:
        """Return True for the first call with this key."""
        if key in self._emitted:
            return False
        self._emitted += (key,)
        return True


def _seconds(at: float) -> float:
    if isinstance(at, int | float) and not isinstance(at, bool) and abs(at) <= MAX_NUMBER:
        return float(at)
    raise time_error("at", at)


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


def _saved_failure(parsed: SavedObject) -> ImportFailure | None:
    saved = parsed.child("failure")
    if saved is None:
        return None
    code = saved.count("code")
    if code == 0:
        raise saved.refusal("code", "above 0, or null")
    phase = saved.choice("phase", State)
    if phase.is_terminal:
        raise saved.refusal("phase", "a state in which an import can fail")
    return ImportFailure.of(code, phase)


def _saved_emitted(parsed: SavedObject) -> tuple[tuple[str, ...], ...]:
    emitted: dict[tuple[str, ...], None] = {}  # used as an ordered set
    for key in parsed.items("told"):
        if not _is_key(key):
            raise parsed.refusal("told", "a list of what a machine emits only once")
        emitted[tuple(key)] = None
    if sum(key[0] == "unlisted-row" for key in emitted) > MAX_UNLISTED + 1:
        raise parsed.refusal("told", f"a list with at most {MAX_UNLISTED + 1} unlisted rows")
    return tuple(emitted)


def _is_key(key: object) -> TypeGuard[list[str]]:
    match key:
        case ["start" | "progress" | "gather" | "contradiction"]:
            return True
        case ["odd-value", str(event_type), str(status)]:
            return (event_type, status) in TRIGGERS
        case ["unlisted-row", str(event_type), str(status)]:
            return is_word(event_type) and is_word(status) and (event_type, status) not in TRIGGERS
        case _:
            return False

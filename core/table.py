"""The state machine as data: its states, the trigger of each kind of row, and where each trigger leads.

`ImportMachine` applies this table to the rows of a response by seven rules:

1. Order does not matter. The rows of a response are sorted into the protocol's order: by type (INITIALIZING, GATHERING,
   COMPLETE, then unlisted types by name), then by status (INPROGRESS, COMPLETED, ERROR, then unlisted statuses by
   name), then by value, rows without a value first.
2. The path is whole. Transitions join up, from INITIALIZING to the current state. A GATHERING row with a listed status,
   or COMPLETE COMPLETED, implies `initialize` if no row reported it. An ERROR row of COMPLETE or of an unlisted type
   implies nothing. Transitions that stay in a state are never implied.
3. Each thing once. `start` and `gather` are emitted once. `progress` is emitted for the first GATHERING INPROGRESS row,
   and whenever its value exceeds all earlier ones, but not after `gather`.
4. How often the session polls does not matter. Feeding each of several growing responses, or only the last one, passes
   through the same states and ends in the same one.
5. It never goes back. A stale response emits nothing and changes nothing. The contact count is the largest value of an
   INPROGRESS or COMPLETED row of GATHERING.
6. The end is the end. COMPLETE and ERROR are final. COMPLETE COMPLETED after a failure, or an ERROR row after COMPLETE,
   is a contradiction, emitted once. If one response has both and the import had not ended, ERROR wins. The first ERROR
   row is the event of the transition, the first value above 0 of an ERROR row is the code, and the state before the
   transition is the phase.
7. Unknown words are accepted. A pair of type and status that the page does not list is emitted once, as an anomaly, and
   changes nothing, except that an ERROR status ends the import whatever the type.

The pairs and their meaning are those of the protocol's page "Step 2: Wait for Import".
"""

from enum import Enum
from typing import Any, Final, Literal, final

import transitions


@final
class State(Enum):
    """The state of an import, as the service reports it.

    >>> [state.name for state in State if state.is_terminal]
    ['COMPLETE', 'ERROR']
    """

    INITIALIZING = "INITIALIZING"
    GATHERING = "GATHERING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"

    @property
    def is_terminal(self) -> bool:
        """Whether the import has ended: no transition leads out of COMPLETE and ERROR."""
        return self is State.COMPLETE or self is State.ERROR


Trigger = Literal["start", "initialize", "progress", "gather", "complete", "fail"]
"""The names of the triggers."""

TRANSITIONS: Final[tuple[tuple[Trigger, State, State], ...]] = (
    ("start", State.INITIALIZING, State.INITIALIZING),
    ("initialize", State.INITIALIZING, State.GATHERING),
    ("progress", State.GATHERING, State.GATHERING),
    ("gather", State.GATHERING, State.GATHERING),
    ("complete", State.GATHERING, State.COMPLETE),
    ("fail", State.INITIALIZING, State.ERROR),
    ("fail", State.GATHERING, State.ERROR),
)
"""Every possible transition, as (trigger, source, dest)."""

TYPES = ("INITIALIZING", "GATHERING", "COMPLETE")
STATUSES = ("INPROGRESS", "COMPLETED", "ERROR")
"""The types and statuses that the protocol's page lists, in its order."""

FAILING = "ERROR"
"""The status that ends an import, whatever the type (rule 6)."""

TRIGGERS: Final[dict[tuple[str, str], Trigger]] = {
    ("INITIALIZING", "INPROGRESS"): "start",
    ("INITIALIZING", "COMPLETED"): "initialize",
    ("INITIALIZING", "ERROR"): "fail",
    ("GATHERING", "INPROGRESS"): "progress",
    ("GATHERING", "COMPLETED"): "gather",
    ("GATHERING", "ERROR"): "fail",
    ("COMPLETE", "COMPLETED"): "complete",
    ("COMPLETE", "ERROR"): "fail",
}
"""The trigger of each pair of type and status that the protocol's page lists."""

IMPLYING_INITIALIZE = frozenset(
    {
        ("GATHERING", "INPROGRESS"),
        ("GATHERING", "COMPLETED"),
        ("GATHERING", "ERROR"),
        ("COMPLETE", "COMPLETED"),
    }
)
"""The pairs that imply that INITIALIZING is over (rule 2)."""


class _SilentState(transitions.State):
    """A state without callbacks: the inherited methods log two lines at INFO for each transition."""

    def enter(self, event_data: transitions.EventData) -> None:
        """Do nothing."""

    def exit(self, event_data: transitions.EventData) -> None:
        """Do nothing."""


class _SilentMachine(transitions.Machine):
    state_cls = _SilentState


def _declare() -> Any:
    # Without `initial`, `transitions` adds a state named "initial". It finds unknown states only when a transition
    # fires, so the table is checked below, on import.
    machine = _SilentMachine(
        model=None,
        states=State,
        initial=State.INITIALIZING,
        transitions=[dict(zip(("trigger", "source", "dest"), row, strict=True)) for row in TRANSITIONS],
        auto_transitions=False,
        model_attribute="_state",
    )
    assert set(machine.states) == {state.name for state in State}
    assert set(machine.events) == set(TRIGGERS.values())
    return machine


STATE_MACHINE = _declare()
"""`STATE_MACHINE.events[trigger].trigger(model)` carries out a transition: it sets `model._state`."""

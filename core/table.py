"""The state machine as data: its states, which row brings which trigger, and where a trigger leads.

The rules by which `ImportMachine` applies this table to the rows of an answer:

1. Order does not matter. The rows of one answer are taken in the protocol's order, however they
   arrive and however often one type stands in them: INITIALIZING, GATHERING, COMPLETE, then types
   that the page does not list, by name; INPROGRESS, COMPLETED, ERROR, then other statuses, by name;
   smaller values first, none before any.
2. The path is whole. What is emitted joins up, from INITIALIZING to where the machine stands. A
   GATHERING row of a listed status, or COMPLETE COMPLETED, implies `initialize` where no row said
   it. A failing row of COMPLETE or of an unlisted type implies nothing. Steps that stay in a state
   are never made up.
3. Each thing once. `start` and `gather` are told once; `progress` at the first INPROGRESS row of
   GATHERING and whenever its number grew beyond all seen before, and not after `gather`.
4. How often one polls does not matter. Of answers that grow as the service's do, feeding each, or
   only the last, passes through the same states and ends in the same one.
5. It never goes back. A stale or shrunken answer emits nothing and loses nothing; the contact count
   is the largest number seen on an INPROGRESS or COMPLETED row of GATHERING.
6. The end is the end. After COMPLETE or ERROR nothing moves. COMPLETE COMPLETED after a failure, or
   an ERROR row after COMPLETE, is a contradiction, told once. Inside one answer an ERROR wins over
   COMPLETE COMPLETED while the import is undecided. The first failing row is the transition's event,
   the first with a code above 0 gives the code, and the state at that moment is the phase.
7. Unknown words are carried, not refused. A pair of type and status that the page does not list is
   told once and changes nothing, save that an ERROR status ends the import whatever its type.

The pairs and their meaning are those of the protocol's page "Step 2: Wait for Import".
"""

from enum import Enum
from typing import Any, final

import transitions


@final
class State(Enum):
    """What the service says of an import.

    >>> [state.name for state in State if state.is_terminal]
    ['COMPLETE', 'ERROR']
    """

    INITIALIZING = "INITIALIZING"
    GATHERING = "GATHERING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"

    @property
    def is_terminal(self) -> bool:
        """True where no transition leads on."""
        return self is State.COMPLETE or self is State.ERROR


TRANSITIONS: tuple[tuple[str, State, State], ...] = (
    ("start", State.INITIALIZING, State.INITIALIZING),
    ("initialize", State.INITIALIZING, State.GATHERING),
    ("progress", State.GATHERING, State.GATHERING),
    ("gather", State.GATHERING, State.GATHERING),
    ("complete", State.GATHERING, State.COMPLETE),
    ("fail", State.INITIALIZING, State.ERROR),
    ("fail", State.GATHERING, State.ERROR),
)
"""Every transition that there is, as (trigger, source, dest)."""

TYPES = ("INITIALIZING", "GATHERING", "COMPLETE")
STATUSES = ("INPROGRESS", "COMPLETED", "ERROR")
"""The page's words, each tuple in the protocol's order."""

FAILING = "ERROR"
"""The status that ends an import, whatever the type of the row."""

TRIGGERS: dict[tuple[str, str], str] = {
    ("INITIALIZING", "INPROGRESS"): "start",
    ("INITIALIZING", "COMPLETED"): "initialize",
    ("INITIALIZING", "ERROR"): "fail",
    ("GATHERING", "INPROGRESS"): "progress",
    ("GATHERING", "COMPLETED"): "gather",
    ("GATHERING", "ERROR"): "fail",
    ("COMPLETE", "COMPLETED"): "complete",
    ("COMPLETE", "ERROR"): "fail",
}
"""The pairs of type and status that the protocol's page lists, and the trigger of each."""

IMPLYING_INITIALIZE = frozenset(
    {
        ("GATHERING", "INPROGRESS"),
        ("GATHERING", "COMPLETED"),
        ("GATHERING", "ERROR"),
        ("COMPLETE", "COMPLETED"),
    }
)
"""The pairs that can't be unless the import was initialized (rule 2)."""


class _SilentState(transitions.State):
    """Entering and leaving run no callbacks here; the inherited methods log two lines at INFO each time."""

    def enter(self, event_data: transitions.EventData) -> None:
        """Do nothing."""

    def exit(self, event_data: transitions.EventData) -> None:
        """Do nothing."""


class _SilentMachine(transitions.Machine):
    state_cls = _SilentState


def _declare() -> Any:
    # Without `initial`, `transitions` adds a state of that name; and a state that it does not know
    # would be found only when the transition fires, so it is looked for here, when this is imported.
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
"""The declaration that runs: `STATE_MACHINE.events[trigger].trigger(model)` sets `model._state`."""

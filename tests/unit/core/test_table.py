import logging
from itertools import product

import pytest
from transitions import MachineError

from spongewatch.core.table import STATE_MACHINE, STATUSES, TRANSITIONS, TRIGGERS, TYPES, State


class Model:
    def __init__(self, state):
        self._state = state


@pytest.mark.parametrize(("trigger", "source"), [*product(sorted({row[0] for row in TRANSITIONS}), State)])
def test_each_trigger_leads_to_the_state_in_the_table(trigger, source):
    model = Model(source)
    dests = [dest for name, from_, dest in TRANSITIONS if (name, from_) == (trigger, source)]
    if dests:
        STATE_MACHINE.events[trigger].trigger(model)
        assert [model._state] == dests
    else:
        with pytest.raises(MachineError):
            STATE_MACHINE.events[trigger].trigger(model)
        assert model._state is source


def test_a_terminal_state_has_no_outgoing_transition():
    assert {state for state in State if state.is_terminal} == set(State) - {source for _, source, _ in TRANSITIONS}


def test_every_listed_pair_has_a_trigger_of_the_table():
    assert set(TRIGGERS) == set(product(TYPES, STATUSES)) - {("COMPLETE", "INPROGRESS")}
    assert set(TRIGGERS.values()) == {trigger for trigger, _, _ in TRANSITIONS}


def test_a_transition_logs_nothing_at_info(caplog):
    with caplog.at_level(logging.INFO):
        STATE_MACHINE.events["initialize"].trigger(Model(State.INITIALIZING))
    assert caplog.records == []


def test_the_declaration_has_no_model_and_no_extra_state():
    assert STATE_MACHINE.models == []
    assert list(STATE_MACHINE.states) == ["INITIALIZING", "GATHERING", "COMPLETE", "ERROR"]

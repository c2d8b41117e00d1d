"""Every machine state that can be reached, crossed with every answer that the protocol's page allows."""

from collections import deque
from copy import copy
from itertools import combinations, pairwise

from answers import rows
from spongewatch import TRANSITIONS, ImportMachine, State, Transition

ROWS = rows(
    "INITIALIZING INPROGRESS 0",
    "INITIALIZING COMPLETED 0",
    "INITIALIZING ERROR 264",
    "INITIALIZING ERROR 514",
    "GATHERING INPROGRESS 0",
    "GATHERING INPROGRESS 5",
    "GATHERING COMPLETED 0",
    "GATHERING COMPLETED 5",
    "GATHERING ERROR 264",
    "GATHERING ERROR 514",
    "COMPLETE COMPLETED 0",
    "COMPLETE ERROR 264",
    "COMPLETE ERROR 514",
)
ANSWERS = [answer for size in range(len(ROWS) + 1) for answer in combinations(ROWS, size)]
TABLE = frozenset(TRANSITIONS)


def test_every_answer_in_every_state(capsys):
    """From each state a step is whole, told once, never leads back, and ends in a state reached before or new."""
    start = ImportMachine()
    reached, waiting, steps = {start.save()}, deque([start]), 0
    while waiting:
        state = waiting.popleft()
        for answer in ANSWERS:
            machine = copy(state)
            told = machine.feed(answer)
            steps += 1
            if told or machine.contact_count != state.contact_count:
                check(state, machine, [item for item in told if isinstance(item, Transition)])
                assert machine.feed(answer) == ()
                key = machine.save()
                if key not in reached:
                    reached.add(key)
                    waiting.append(ImportMachine.resume(key))
    with capsys.disabled():
        print(f"\n{len(reached):,} machine states, {steps:,} steps")
    assert len(ANSWERS) == 2**13
    assert steps == len(reached) * len(ANSWERS)


def check(before: ImportMachine, after: ImportMachine, steps: list[Transition]) -> None:
    for step in steps:
        assert (step.trigger, step.source, step.dest) in TABLE
        assert (step.event is None) <= (step.trigger == "initialize")
        assert (step.failure is None) is (step.trigger != "fail")
    for step, following in pairwise(steps):
        assert step.dest is following.source
        assert (step.contact_count or 0) <= (following.contact_count or 0)
    if steps:
        assert (steps[0].source, steps[-1].dest) == (before.state, after.state)
    assert (after.failure is None) is (after.state is not State.ERROR)
    assert (after.contact_count or 0) >= (before.contact_count or 0)
    if before.state.is_terminal:
        assert not steps
        assert (after.state, after.contact_count, after.failure) == (before.state, before.contact_count, before.failure)

"""Every reachable machine state, with every response that the protocol's page allows."""

from collections import deque
from copy import copy
from itertools import combinations, pairwise

from event_rows import rows
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
RESPONSES = [response for size in range(len(ROWS) + 1) for response in combinations(ROWS, size)]
TABLE = frozenset(TRANSITIONS)


def test_every_response_in_every_reachable_state_follows_the_table(capsys):
    """From each state, the transitions form a path that never leads back, and repeating the response emits nothing."""
    start = ImportMachine()
    reached, waiting, steps = {start.save()}, deque([start]), 0
    while waiting:
        state = waiting.popleft()
        for response in RESPONSES:
            machine = copy(state)
            emitted = machine.feed(response)
            steps += 1
            if emitted or machine.contact_count != state.contact_count:
                check(state, machine, [item for item in emitted if isinstance(item, Transition)])
                assert machine.feed(response) == ()
                key = machine.save()
                if key not in reached:
                    reached.add(key)
                    waiting.append(ImportMachine.resume(key))
    with capsys.disabled():
        print(f"\n{len(reached):,} machine states, {steps:,} steps")
    assert len(RESPONSES) == 2**13
    assert steps == len(reached) * len(RESPONSES)


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

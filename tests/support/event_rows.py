"""Rows and responses for tests: those that the service sends, and unexpected ones."""

import json
from collections.abc import Callable, Sequence
from itertools import count

from hypothesis import strategies as st

from spongewatch import ImportEvent, Transition

TYPES = ("INITIALIZING", "GATHERING", "COMPLETE")
STATUSES = ("INPROGRESS", "COMPLETED", "ERROR")
UNLISTED_TYPES = ("ERROR", "SUBMITTING", "AFTERWARDS")
UNLISTED_STATUSES = ("PENDING", "DONE")

words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
values = st.none() | st.sampled_from([0, 1, 5, 7, 264, 514, 9999])


def row(text: str) -> ImportEvent:
    """Return the row of a text such as `GATHERING INPROGRESS 5`, whose value is optional."""
    event_type, status, *value = text.split()
    return ImportEvent(event_type, status, int(value[0]) if value else None)


def rows(*texts: str) -> list[ImportEvent]:
    return [row(text) for text in texts]


def triggers(items: Sequence[object]) -> list[str]:
    return [item.trigger for item in items if isinstance(item, Transition)]


def each_poll(seconds: float) -> Callable[[], float]:
    """Return a clock for a simulator that advances with each poll, so that no step is missed on a busy machine."""
    return count(step=seconds).__next__


def json_body(events: Sequence[ImportEvent], **members: object) -> bytes:
    listed = [{"event_type": e.type, "status": e.status, "value": e.value} for e in events]
    return json.dumps({"events": listed, **members}).encode()


listed_rows = st.builds(ImportEvent, st.sampled_from(TYPES), st.sampled_from(STATUSES), values).filter(
    lambda event: (event.type, event.status) != ("COMPLETE", "INPROGRESS")
)
unlisted_rows = st.one_of(
    st.builds(ImportEvent, st.sampled_from(UNLISTED_TYPES), st.sampled_from(STATUSES[:2] + UNLISTED_STATUSES), values),
    st.builds(ImportEvent, st.sampled_from(TYPES), st.sampled_from(UNLISTED_STATUSES), values),
    st.just(ImportEvent("COMPLETE", "INPROGRESS")),
)
failing_unlisted_rows = st.builds(ImportEvent, st.sampled_from(UNLISTED_TYPES), st.just("ERROR"), values)
failing_rows = st.builds(ImportEvent, st.sampled_from(TYPES + UNLISTED_TYPES), st.just("ERROR"), values)
ending_rows = failing_rows | st.just(ImportEvent("COMPLETE", "COMPLETED"))
odd_rows = st.builds(
    ImportEvent, st.sampled_from(TYPES), st.sampled_from(STATUSES), st.none(), st.sampled_from(["many", "-1", "5.0"])
)
any_rows = listed_rows | unlisted_rows | failing_unlisted_rows | odd_rows
row_lists = st.lists(any_rows, max_size=6)

living_rows = (listed_rows | any_rows).filter(
    lambda event: event.status != "ERROR" and (event.type, event.status) != ("COMPLETE", "COMPLETED")
)
histories = st.builds(
    list.__add__,  # rows that don't end the import come first, or most histories would end immediately
    st.lists(st.lists(living_rows, max_size=4), max_size=4),
    st.lists(row_lists, max_size=4),
)


@st.composite
def growing_rows(draw: st.DrawFn) -> list[list[ImportEvent]]:
    """Draw the rows of each response for one import as the service sends them: one row a type, updated in place."""
    error = st.builds("ERROR {}".format, st.sampled_from([0, 264, 514, 9999]))
    initializing = ["INITIALIZING INPROGRESS 0"]
    gathering = [f"GATHERING INPROGRESS {n}" for n in sorted(draw(st.lists(st.integers(0, 9), max_size=4)))]
    snapshots = [[initializing[0]]] if draw(st.booleans()) else []
    if draw(st.integers(0, 4)) == 0:
        failed = [f"INITIALIZING {draw(error)}"]
        snapshots.append(failed)
    else:
        done = ["INITIALIZING COMPLETED 0"]
        snapshots.append(done)
        snapshots += [[*done, step] for step in gathering]
        if draw(st.integers(0, 2)) == 0:
            failed = [*done, f"GATHERING {draw(error)}"]
            snapshots.append(failed)
        else:
            gathered = [*done, f"GATHERING COMPLETED {draw(st.integers(0, 12))}"]
            last = f"COMPLETE {draw(error)}" if draw(st.integers(0, 2)) == 0 else "COMPLETE COMPLETED 0"
            snapshots += [gathered, [*gathered, last]]
            failed = []
    if failed and draw(st.booleans()):
        snapshots.append([*failed, f"COMPLETE {draw(error)}"])
    return [rows(*snapshot) for snapshot in snapshots]

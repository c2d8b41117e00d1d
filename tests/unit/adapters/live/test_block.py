from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from spongewatch import State
from spongewatch.adapters.live.block import Progress, block
from spongewatch.adapters.phrases import STATES

WAITS = Progress("1126", 0.0, State.INITIALIZING, None, 0.0, 1.5, ("consent_timeout", 900.0))
GATHERS = Progress("1126", 0.0, State.GATHERING, 1212, 60.0, 75.4, ("gathering_timeout", 660.0))


def shown(progress, now, width=80):
    lines = [str(line) for line in block(progress, now, Console(), width)]
    assert max(map(cell_len, lines)) <= max(width, 8)
    return lines


def value(progress, now, label):
    (line,) = [line for line in shown(progress, now) if line[2:12].rstrip() == label]
    return line[13:]


def test_the_block_while_waiting_for_consent():
    assert shown(WAITS, 0.6) == [
        "import 1126",
        "  phase      waiting for the person's consent",
        "  contacts   none yet",
        "  elapsed    0:00",
        "  changed    0:00 ago",
        "  next poll  in 1 s",
        "  time left  15:00 for consent",
    ]


def test_a_failed_poll_and_an_anomaly_have_rows_of_their_own():
    progress = replace(GATHERS, failed_poll="status 503 (2 in a row)", anomaly="unlisted-row: A B 50")
    assert shown(progress, 75.0)[5:] == [
        "  next poll  in 1 s",
        "  time left  9:45 for gathering",
        "  last poll  failed: status 503 (2 in a row)",
        "  anomaly    unlisted-row: A B 50",
    ]


def test_on_a_narrow_terminal_labels_have_no_column():
    assert shown(replace(GATHERS, failed_poll="status 503 (2 in a row)"), 75.0, width=20) == [
        "import 1126",
        "phase gathering",
        " contacts",
        "contacts 1,212 so",
        " far",
        "elapsed 1:15",
        "changed 0:15 ago",
        "next poll in 1 s",
        "time left 9:45 for",
        " gathering",
        "last poll failed:",
        " status 503 (2 in a",
        " row)",
    ]


def test_a_long_value_is_wrapped_under_its_beginning():
    reason = "reset: the connection was closed in the middle of the response"
    assert shown(replace(GATHERS, failed_poll=reason), 75.0, width=40)[-3:] == [
        "  last poll  failed: reset: the",
        "             connection was closed in",
        "             the middle of the response",
    ]


@pytest.mark.parametrize("width", [1, 7, 8, 20, 39, 40, 41, 80])
@pytest.mark.parametrize("text", ["x" * 200, "\u5b57" * 100, "a b " * 50], ids=["long", "wide", "short"])
def test_no_line_is_wider_than_the_terminal(width, text):
    shown(replace(WAITS, import_id="9" * 64, failed_poll=text, anomaly=text), 75.0, width)


def test_markup_and_control_characters_from_the_service_are_shown_as_text():
    progress = replace(GATHERS, failed_poll="[red]\x1b[2J\u202e\n:smile:", anomaly="[/]")
    assert shown(progress, 75.0)[-2:] == [
        "  last poll  failed: [red]\\x1b[2J\\u202e\\n:smile:",
        "  anomaly    [/]",
    ]


@pytest.mark.parametrize(
    ("due", "text"),
    [
        (100.0, "now"),
        (100.09, "now"),
        (100.2, "in 1 s"),
        (101.05, "in 1 s"),
        (101.2, "in 2 s"),
        (159.0, "in 59 s"),
        (160.0, "in 1:00"),
        (99.1, "now"),
        (99.0, "in progress for 0:01"),
        (30.0, "in progress for 1:10"),
    ],
)
def test_the_block_shows_the_time_until_the_next_poll(due, text):
    assert value(replace(GATHERS, next_poll=due), 100.0, "next poll") == text


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (("consent_timeout", 190.0), "1:30 for consent"),
        (("gathering_timeout", 190.0), "1:30 for gathering"),
        (("timeout", 3700.2), "1:00:01 in total"),
        (("lost_contact_timeout", 100.5), "0:01 for a valid response"),
        (("timeout", 99.0), "0:00 in total"),
    ],
)
def test_the_block_shows_the_time_left(budget, text):
    assert value(replace(GATHERS, budget=budget), 100.0, "time left") == text


def test_rows_without_a_value_are_omitted():
    assert shown(replace(WAITS, changed=None, next_poll=None, budget=None), 61.0)[2:] == [
        "  contacts   none yet",
        "  elapsed    1:01",
        "  changed    not yet",
    ]


@pytest.mark.parametrize("state", State)
def test_each_state_has_a_text(state):
    assert value(replace(GATHERS, state=state), 0.0, "phase") == STATES[state]

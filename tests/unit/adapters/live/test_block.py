from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from spongewatch import State
from spongewatch.adapters.live.block import Progress, block

WAITS = Progress("1126", 0.0, State.INITIALIZING, None, 0.0, 1.5, ("consent_timeout", 900.0))
GATHERS = Progress("1126", 0.0, State.GATHERING, 1212, 60.0, 75.4, ("gathering_timeout", 660.0))


def shown(progress, now, width=80):
    lines = [str(line) for line in block(progress, now, Console(), width)]
    assert max(map(cell_len, lines)) <= max(width, 8)
    return lines


def value(progress, now, label):
    (line,) = [line for line in shown(progress, now) if line[2:12].rstrip() == label]
    return line[13:]


def test_while_consent_is_awaited_a_line_says_so():
    assert shown(WAITS, 0.6) == [
        "import 1126",
        "  phase      INITIALIZING: waiting for the person's consent",
        "  contacts   none yet",
        "  elapsed    0:00",
        "  changed    0:00 ago",
        "  next poll  in 1 s",
        "  time left  15:00 for the consent",
    ]


def test_trouble_and_what_is_unexpected_have_lines_of_their_own():
    progress = replace(GATHERS, trouble="poll failed (2 in a row): status 503", unexpected="unlisted-row: A B 50")
    assert shown(progress, 75.0)[5:] == [
        "  next poll  in 1 s",
        "  time left  9:45 for the gathering",
        "  trouble    poll failed (2 in a row): status 503",
        "  unexpected unlisted-row: A B 50",
    ]


def test_on_a_narrow_terminal_the_labels_take_no_column():
    assert shown(replace(GATHERS, trouble="poll failed (2 in a row): status 503"), 75.0, width=20) == [
        "import 1126",
        "phase GATHERING:",
        " the contacts are",
        " being gathered",
        "contacts 1,212 so",
        " far",
        "elapsed 1:15",
        "changed 0:15 ago",
        "next poll in 1 s",
        "time left 9:45 for",
        " the gathering",
        "trouble poll failed",
        " (2 in a row):",
        " status 503",
    ]


def test_a_long_line_goes_on_under_its_beginning():
    reason = "the answer is not what it should be, and there are many words about what it is"
    assert shown(replace(GATHERS, trouble=reason), 75.0, width=40)[-3:] == [
        "  trouble    the answer is not what it",
        "             should be, and there are",
        "             many words about what it is",
    ]


@pytest.mark.parametrize("width", [1, 7, 8, 20, 39, 40, 41, 80])
@pytest.mark.parametrize("text", ["x" * 200, "\u5b57" * 100, "a b " * 50], ids=["long", "wide", "short"])
def test_no_line_is_wider_than_the_terminal(width, text):
    shown(replace(WAITS, import_id="9" * 64, trouble=text, unexpected=text), 75.0, width)


def test_a_strangers_text_does_not_act_on_the_terminal():
    progress = replace(GATHERS, trouble="[red]\x1b[2J\u202e\n:smile:", unexpected="[/]")
    assert shown(progress, 75.0)[-2:] == [
        "  trouble    [red]\\x1b[2J\\u202e\\n:smile:",
        "  unexpected [/]",
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
        (99.0, "under way, no answer for 0:01"),
        (30.0, "under way, no answer for 1:10"),
    ],
)
def test_the_next_poll(due, text):
    assert value(replace(GATHERS, next_poll=due), 100.0, "next poll") == text


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (("consent_timeout", 190.0), "1:30 for the consent"),
        (("gathering_timeout", 190.0), "1:30 for the gathering"),
        (("timeout", 3700.2), "1:00:01 for the watch"),
        (("lost_contact_timeout", 100.5), "0:01 for a good answer"),
        (("timeout", 99.0), "0:00 for the watch"),
    ],
)
def test_the_time_left(budget, text):
    assert value(replace(GATHERS, budget=budget), 100.0, "time left") == text


def test_what_is_not_known_is_left_out():
    assert shown(replace(WAITS, changed=None, next_poll=None, budget=None), 61.0)[2:] == [
        "  contacts   none yet",
        "  elapsed    1:01",
        "  changed    not yet",
    ]


@pytest.mark.parametrize("state", State)
def test_each_state_has_its_words(state):
    assert value(replace(GATHERS, state=state), 0.0, "phase").startswith(f"{state.value}: ")

import re
from pathlib import Path

from spongewatch import TRANSITIONS, State
from spongewatch.adapters.cli.command_line import main

PAGE = Path(__file__).parents[5] / "docs/reference/state-machine.md"
ARROW = re.compile(r"    (\S+) --> (\S+)(?: : (.+))?")


def drawn(capsys):
    assert main(["diagram"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_every_transition_is_an_arrow_and_there_are_no_others(capsys):
    arrows = [match.groups() for line in drawn(capsys).splitlines() if (match := ARROW.fullmatch(line))]
    steps = {(trigger, source, dest) for source, dest, label in arrows if label for trigger in label.split(", ")}
    assert steps == {(trigger, source.value, dest.value) for trigger, source, dest in TRANSITIONS}
    assert {dest for source, dest, _ in arrows if source == "[*]"} == {"INITIALIZING"}
    assert {source for source, dest, _ in arrows if dest == "[*]"} == {
        state.value for state in State if state.is_terminal
    }


def test_two_states_are_joined_by_one_arrow_since_mermaid_draws_but_one(capsys):
    ends = [match.groups()[:2] for line in drawn(capsys).splitlines() if (match := ARROW.fullmatch(line))]
    assert len(ends) == len({*ends})


def test_the_picture_of_the_page_is_this_one(capsys):
    assert f"```mermaid\n{drawn(capsys)}```\n" in PAGE.read_text()

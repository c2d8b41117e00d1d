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


def test_the_arrows_are_exactly_the_transitions(capsys):
    arrows = [match.groups() for line in drawn(capsys).splitlines() if (match := ARROW.fullmatch(line))]
    steps = {(trigger, source, dest) for source, dest, label in arrows if label for trigger in label.split(", ")}
    assert steps == {(trigger, source.value, dest.value) for trigger, source, dest in TRANSITIONS}
    assert {dest for source, dest, _ in arrows if source == "[*]"} == {"INITIALIZING"}
    assert {source for source, dest, _ in arrows if dest == "[*]"} == {
        state.value for state in State if state.is_terminal
    }


def test_two_states_have_one_arrow_because_mermaid_draws_only_one(capsys):
    ends = [match.groups()[:2] for line in drawn(capsys).splitlines() if (match := ARROW.fullmatch(line))]
    assert len(ends) == len({*ends})


def test_the_reference_page_shows_this_diagram(capsys):
    assert f"```mermaid\n{drawn(capsys)}```\n" in PAGE.read_text()

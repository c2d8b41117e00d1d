"""`spongewatch diagram`: the state machine as a Mermaid diagram."""

import argparse
from collections.abc import Iterator

from ....core import TRANSITIONS, State

DESCRIPTION = "Print the state machine as a Mermaid diagram, generated from its transition table."
EPILOG = "example:\n  spongewatch diagram > states.mmd"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: it has none."""


def run(options: argparse.Namespace) -> int:
    """Print the diagram and return the exit status."""
    print(*diagram(), sep="\n")
    return 0


def diagram() -> Iterator[str]:
    r"""Yield the lines of the diagram.

    >>> print(*list(diagram())[:3], sep="\n")
    stateDiagram-v2
        [*] --> INITIALIZING
        INITIALIZING --> INITIALIZING : start
    """
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.INITIALIZING.value}"
    # Mermaid draws only one of several arrows from a state to itself.
    triggers: dict[tuple[State, State], list[str]] = {}
    for trigger, source, dest in TRANSITIONS:
        triggers.setdefault((source, dest), []).append(trigger)
    for (source, dest), names in triggers.items():
        yield f"    {source.value} --> {dest.value} : {', '.join(names)}"
    for state in State:
        if state.is_terminal:
            yield f"    {state.value} --> [*]"
    yield f"    note right of {State.ERROR.value} : fail is a row of any type with the status ERROR"

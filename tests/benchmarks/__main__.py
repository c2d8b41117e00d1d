"""Run all benchmarks and print tables; takes two minutes on a quiet machine.

`python tests/benchmarks docs` also replaces the tables with the same head in `docs/explanations/speed.md`, and draws the
diagrams of growth with matplotlib.
"""

import sys
from pathlib import Path

from growth import growth_table, polls_of_a_session, rows_of_a_response, sessions_of_a_process
from instead import beside_hand_written_loops
from memory import allocations_of_a_poll, long_watches, memory_table, saved_sizes
from parts import parts_of_an_import
from speed import speed


def main(docs: Path | None = None) -> None:
    """Measure, print, and write the results into the documentation in `docs`."""
    if docs:
        from plot import Panel, draw  # fails now, not after two minutes, if matplotlib is missing

    def show(table: str) -> None:
        print(table, end="\n\n", flush=True)
        if docs:
            put(table, docs / "explanations/speed.md")

    show(speed())
    show(parts_of_an_import())
    show(beside_hand_written_loops())
    rows = rows_of_a_response()
    show(growth_table("rows in a response", rows))
    polls = polls_of_a_session()
    show(growth_table("polls of a session", polls))
    times, sizes = sessions_of_a_process()
    show(growth_table("sessions in a process", [times, sizes]))
    resident, allocated = long_watches()
    show(memory_table(resident, allocated, saved_sizes()))
    show(allocations_of_a_poll())
    if docs:
        panels = [
            Panel("CPU time to process a response", "rows in it", rows),
            Panel("CPU time of all polls of a session", "polls", polls),
            Panel("CPU time of one poll of each session", "sessions in the process", [times]),
            Panel("Memory of all sessions", "sessions in the process", [sizes]),
            Panel("Memory allocated in a long watch", "polls so far", allocated, flat=True),
        ]
        draw(panels, docs / "pictures")


def put(table: str, page: Path) -> None:
    """Replace the table on the page that has the same head."""
    text = page.read_text()
    start = text.index(table.splitlines()[0])
    end = text.index("\n\n", start)
    page.write_text(text[:start] + table + text[end:])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

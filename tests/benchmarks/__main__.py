"""All that is measured, printed in tables; it takes two minutes on a quiet machine.

`python tests/benchmarks docs` also puts each table in the place of the one with its head in `docs/explanations/speed.md`, and
draws how cost grows, with matplotlib.
"""

import sys
from pathlib import Path

from growth import growth_table, polls_of_a_session, rows_of_an_answer, sessions_of_a_process
from instead import beside_hand_written_loops
from memory import allocations_of_a_poll, long_watches, memory_table, saved_sizes
from parts import parts_of_an_import
from speed import speed


def main(docs: Path | None = None) -> None:
    """Measure, print, and write down where there is a place for that."""
    if docs:
        from plot import Panel, draw  # whose library is needed for nothing else, and missed before all is measured

    def tell(table: str) -> None:
        print(table, end="\n\n", flush=True)
        if docs:
            put(table, docs / "explanations/speed.md")

    tell(speed())
    tell(parts_of_an_import())
    tell(beside_hand_written_loops())
    rows = rows_of_an_answer()
    tell(growth_table("rows in an answer", rows))
    polls = polls_of_a_session()
    tell(growth_table("polls of a session", polls))
    times, sizes = sessions_of_a_process()
    tell(growth_table("sessions in a process", [times, sizes]))
    resident, allocated = long_watches()
    tell(memory_table(resident, allocated, saved_sizes()))
    tell(allocations_of_a_poll())
    if docs:
        panels = [
            Panel("CPU time to take an answer", "rows in it", rows),
            Panel("CPU time of all polls of a session", "polls", polls),
            Panel("CPU time of one poll of each session", "sessions in the process", [times]),
            Panel("Memory of all sessions", "sessions in the process", [sizes]),
            Panel("Memory allocated in a long watch", "polls so far", allocated, flat=True),
        ]
        draw(panels, docs / "pictures")


def put(table: str, page: Path) -> None:
    """Put the table in the place of the one on the page that has its head; text follows each of them."""
    text = page.read_text()
    start = text.index(table.splitlines()[0])
    end = text.index("\n\n", start)
    page.write_text(text[:start] + table + text[end:])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

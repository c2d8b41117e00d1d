"""Draw the pictures of the pages from the code itself; `make site` runs this.

Each picture is an SVG card that follows the reader's light or dark color scheme and loads nothing.
"""

import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from textwrap import wrap

from rich.console import Console

from spongewatch import TRANSITIONS, State
from spongewatch.adapters.live.block import Progress, block
from spongewatch.adapters.timeline.page import page
from spongewatch.adapters.timeline.timeline import timeline_of
from spongewatch.transports import open_recording

ROOT = Path(__file__).parents[2]
WIDTH = 460

STYLE = """
:root { --ground: #ffffff; --ink: #1a2027; --quiet: #56616d; --edge: #aab3bd; --box: #f1f4f7;
  --good: #1c7443; --bad: #b92c17; --odd: #935800; }
@media (prefers-color-scheme: dark) { :root { --ground: #171c22; --ink: #e6eaee; --quiet: #9ba7b4; --edge: #5a6672;
  --box: #212830; --good: #5bc48a; --bad: #ff8470; --odd: #e2a644; } }
.ground { fill: var(--ground); stroke: var(--edge); }
text { fill: var(--ink); font: 14px system-ui, sans-serif; }
.quiet { fill: var(--quiet); font-size: 13px; } .bold { font-weight: 650; }
.mono text { font-family: ui-monospace, monospace; font-size: 13px; white-space: pre; }
.box { fill: var(--box); stroke: var(--edge); } .line { fill: none; stroke: var(--quiet); stroke-width: 1.5; }
.head { fill: var(--quiet); } .green { fill: var(--good); } .red { fill: var(--bad); } .yellow { fill: var(--odd); }
"""

PLACES = {
    State.INITIALIZING: (125, 30),
    State.GATHERING: (125, 135),
    State.COMPLETE: (125, 240),
    State.ERROR: (330, 135),
}
BOX_WIDTH, BOX_HEIGHT = 115, 40


def card(title: str, height: float, *parts: str) -> str:
    """Return an SVG with a height in pixels and a title for screen readers."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="8"/>',
            *parts,
            "</svg>\n",
        ]
    )


def states() -> str:
    """Return the diagram of the state machine, from its table."""
    triggers: dict[tuple[State, State], list[str]] = {}
    for trigger, source, dest in TRANSITIONS:
        triggers.setdefault((source, dest), []).append(trigger)
    arrows = [part for (source, dest), names in triggers.items() for part in arrow(source, dest, names)]
    boxes = [part for state in State for part in box(state)]
    return card("The states of an import and its transitions", 310, HEAD, *arrows, *boxes)


HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>'
)


def box(state: State) -> Iterator[str]:
    """Yield the box of a state; terminal states have a thicker edge."""
    x, y = PLACES[state]
    edge = 3 if state.is_terminal else 1
    yield f'<rect class="box" x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8" stroke-width="{edge}"/>'
    yield f'<text x="{x + BOX_WIDTH / 2:g}" y="{y + 25}" text-anchor="middle">{state.value}</text>'


def arrow(source: State, dest: State, triggers: list[str]) -> Iterator[str]:
    """Yield the arrow from one state to another, with the names of its triggers."""
    path, x, y, anchor = route(source, dest)
    y -= 8 * (len(triggers) - 1)
    yield f'<path class="line" marker-end="url(#head)" d="{path}"/>'
    for line, trigger in enumerate(triggers):
        yield f'<text class="quiet" x="{x:g}" y="{y + 16 * line:g}" text-anchor="{anchor}">{trigger}</text>'


def route(source: State, dest: State) -> tuple[str, float, float, str]:
    """Return the path of an arrow, and the position and anchor of its text."""
    (x, y), (to_x, to_y) = PLACES[source], PLACES[dest]
    middle, right = x + BOX_WIDTH / 2, x + BOX_WIDTH
    if source is dest:
        return f"M{x} {y + 10}C{x - 45} {y - 8} {x - 45} {y + 48} {x} {y + 30}", x - 40, y + 25, "end"
    if x == to_x:
        return f"M{middle:g} {y + BOX_HEIGHT}V{to_y}", middle + 8, (y + BOX_HEIGHT + to_y) / 2 + 5, "start"
    across = f"M{right} {y + 20}H{to_x}" if y == to_y else f"M{right} {y + 20}H{to_x + BOX_WIDTH / 2:g}V{to_y}"
    return across, (right + to_x) / 2, y + 12, "middle"


def layers() -> str:
    """Return the packages, their sub-packages and modules, from the folders."""
    parts, y = [], 16
    for folder, package in (
        ("adapters", "spongewatch.adapters"),
        ("transports", "spongewatch.transports"),
        ("core", "spongewatch.core"),
    ):
        lines = wrap(", ".join(_modules(ROOT / folder)), 58)
        for inner in sorted(
            path.parent for path in (ROOT / folder).rglob("*/__init__.py") if path.parent.name != "entry"
        ):
            name = inner.relative_to(ROOT / folder).as_posix()
            lines += wrap(f"{name}/: {', '.join(_modules(inner))}", 58, subsequent_indent="\u2003")
        height = 34 + 16 * len(lines)
        parts.append(f'<rect class="box" x="16" y="{y}" width="{WIDTH - 32}" height="{height}" rx="8"/>')
        parts.append(f'<text x="28" y="{y + 21}"><tspan class="bold">{folder}/</tspan> is {package}</text>')
        parts += [
            f'<text class="quiet" x="28" y="{y + 40 + 16 * number}">{SUB_PACKAGE.sub(BOLD, line)}</text>'
            for number, line in enumerate(lines)
        ]
        y += height
        if folder != "core":
            parts.append(f'<path class="line" marker-end="url(#head)" d="M{WIDTH / 2:g} {y}V{y + 24}"/>')
            parts.append(f'<text class="quiet" x="{WIDTH / 2 + 10:g}" y="{y + 17}">may import</text>')
            y += 24
    return card("The packages: adapters may import transports, and both may import the core", y + 16, HEAD, *parts)


SUB_PACKAGE = re.compile(r"^([\w/]+/): ")
BOLD = r'<tspan class="bold">\1</tspan> '


def _modules(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def live_block() -> str:
    """Return the live block of a watch, as a terminal shows it."""
    console = Console(width=56, color_system="standard", force_terminal=True)
    progress = Progress(
        "1126", 0.0, State.GATHERING, 1212, changed=81.4, next_poll=84.9, budget=("gathering_timeout", 679.0)
    )
    lines = block(progress, 84.0, console, 56)
    texts = [
        f'<text x="20" y="{32 + 19 * number}">'
        + "".join(
            f'<tspan class="{escape(str(segment.style or ""))}">{escape(segment.text.rstrip(chr(10)))}</tspan>'
            for segment in console.render(line)
        )
        + "</text>"
        for number, line in enumerate(lines)
    ]
    return card("The live block of a watch on a terminal", 26 + 19 * len(lines), '<g class="mono">', *texts, "</g>")


def timeline() -> str:
    """Return the picture of a timeline page."""
    made = page(timeline_of(open_recording(ROOT / "docs/traces/fails.jsonl")))
    [(style, height, picture)] = PARTS.findall(made)
    inner = f'<svg x="20" y="16" width="{WIDTH - 40}" height="{height}">{picture}'
    return card("The timeline of an import that failed", int(height) + 28, f"<style>{style}</style>", inner)


PARTS = re.compile(r'<style>(.*?)</style>.*<svg role="img"[^>]* height="(\d+)">(.*</svg>)\n<figcaption>', re.DOTALL)

PICTURES: dict[str, Callable[[], str]] = {
    "states": states,
    "layers": layers,
    "live-block": live_block,
    "timeline": timeline,
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (ROOT / f"docs/pictures/{name}.svg").write_text(draw())

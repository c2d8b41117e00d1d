"""A timeline as one self-contained HTML page, for example for a support ticket: no scripts, no requests, dark mode.

Text from the recording is untrusted. It is escaped, appears in no attribute, and a Content-Security-Policy forbids
everything but the page's own style sheet. The drawing contains only numbers and our own words. Horizontal positions are
percentages, so the page fits any width.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from typing import Final

from ... import __version__
from ...core import Abandoned, Anomaly, Completed, Emitted, Ended, Failed, PollFailed
from ...core._shared import printable
from ..phrases import description_of, name_of, time_of
from .axis import duration, number_marks, time_marks
from .timeline import Phase, Poll, Timeline, headline

_MAX_MARKS: Final = 8
_CURVE_HEIGHT: Final = 120
_MIN_PHASE: Final = 0.2
"""The least width of a phase, in percent."""

_STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1a2027; --quiet: #56616d; --rule: #dde2e8; --edge: #aab3bd;
  --waiting: #7b8794; --gathering: #2767b0; --under: #2767b01f; --good: #1c7443; --bad: #b92c17; --odd: #935800;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101418; --card: #171c22; --text: #e6eaee; --quiet: #9ba7b4; --rule: #2a323a; --edge: #5a6672;
    --waiting: #84919e; --gathering: #6aa8f0; --under: #6aa8f02e; --good: #5bc48a; --bad: #ff8470; --odd: #e2a644;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1.5rem; background: var(--page); color: var(--text);
  font: 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 60rem; margin: 0 auto; }
h1 { margin: 0; font-size: 1.625rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.0625rem; font-weight: 650; }
.verdict { margin: 0.5rem 0 0; max-width: 46rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .odd { color: var(--odd); }
.note { margin: 1rem 0 0; padding: 0.5rem 0.75rem; border-left: 3px solid var(--odd); background: var(--card); }
figure { margin: 1.5rem 0 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; }
svg { display: block; overflow: visible; }
figure > svg { width: 100%; }
text { fill: var(--text); font-size: 13px; font-variant-numeric: tabular-nums;
  stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.quiet { fill: var(--quiet); font-size: 12px; }
.grid { stroke: var(--rule); } .axis { stroke: var(--edge); } .ending { stroke: var(--edge); stroke-dasharray: 2 3; }
.initializing { fill: var(--waiting); stroke: var(--waiting); }
.gathering { fill: var(--gathering); stroke: var(--gathering); }
.under { fill: var(--under); }
.curve { fill: none; stroke: var(--gathering); stroke-width: 2; vector-effect: non-scaling-stroke; }
.poll { fill: none; stroke: var(--text); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.took { fill: none; stroke: var(--edge); stroke-width: 4; vector-effect: non-scaling-stroke; }
.failed { fill: none; stroke: var(--bad); stroke-width: 2; }
.anomaly { fill: var(--odd); }
circle.good { fill: var(--good); } circle.bad { fill: var(--bad); } circle.odd { fill: var(--odd); }
figcaption ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0.75rem 0 0; padding: 0.75rem 0 0;
  border-top: 1px solid var(--rule); list-style: none; color: var(--quiet); font-size: 0.8125rem; }
figcaption li { display: flex; align-items: center; gap: 0.5rem; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; color: var(--quiet); padding-bottom: 0.5rem; }
th, td { padding: 0.375rem 1rem 0.375rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; }
th { color: var(--quiet); font-size: 0.8125rem; font-weight: 500; }
td:first-child, th:first-child { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td:nth-child(2) { white-space: nowrap; }
td:last-child { width: 100%; padding-right: 0; unicode-bidi: isolate; }
footer { margin-top: 2rem; color: var(--quiet); font-size: 0.8125rem; }
@media (max-width: 36rem) {
  body { padding: 1.25rem 1rem; }
  h1 { font-size: 1.375rem; }
  figure { padding: 0.875rem; }
  .between { display: none; }
  table { font-size: 0.8125rem; }
  th, td { padding-right: 0.75rem; }
}
"""

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
_CROSS: Final = "M-4-4 4 4M4-4-4 4"
_DIAMOND: Final = "M0-5 5 0 0 5-5 0z"


def page(timeline: Timeline) -> str:
    """Return the page, in ASCII.

    >>> from spongewatch.adapters.timeline.timeline import timeline_of
    >>> from spongewatch.transports import open_recording
    >>> text = page(timeline_of(open_recording("docs/traces/abandoned.jsonl")))
    >>> text.count("<tr>"), "<script" in text
    (4, False)
    """
    ended = timeline.ended
    title = f"Timeline of import {ended.import_id}"
    text = f"""\
<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title)}: {name_of(ended)} after {time_of(ended)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{_text(title)}</h1>
<p class="verdict">{_text(headline(timeline))}</p>
{_lines(f'<p class="note">Recording: {_text(note)}.</p>' for note in timeline.notes)}
<figure>
{_picture(timeline)}
<figcaption>
{_legend(timeline)}
</figcaption>
</figure>
<h2>Events</h2>
{_table(timeline)}
<footer>Times are measured from the start of the watch. Created by spongewatch {__version__}.</footer>
</main>
</body>
</html>
"""
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _text(text: str) -> str:
    return escape(printable(text))


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)


def _kind(ended: Ended) -> str:
    if isinstance(ended.outcome, Completed):
        return "good"
    return "bad" if isinstance(ended.outcome, Failed | Abandoned) else "odd"


def _picture(timeline: Timeline) -> str:
    lanes: list[str] = []
    height = 0
    for lane_height, lane in _lanes(timeline):
        lanes.append(f'<svg y="{height}">\n{_lines(lane)}\n</svg>')
        height += lane_height
    ended = timeline.ended
    summary = f"{ended.outcome.name} after {duration(ended.at)} and {timeline.poll_count:,} polls"
    return f"""\
<svg role="img" aria-labelledby="picture" height="{height + 24}">
<title id="picture">{summary}; the table below lists the events</title>
<defs><path id="cross" d="M-4-4 4 4M4-4-4 4"/><path id="diamond" d="M0-5 5 0 0 5-5 0z"/></defs>
{_lines(_axis(timeline, height))}
{_lines(lanes)}
</svg>"""


def _axis(timeline: Timeline, height: int) -> Iterator[str]:
    """Grid lines with labels; narrow screens show every second label."""
    for number, (at, label) in enumerate(time_marks(timeline.seconds, _MAX_MARKS)):
        x = _share(timeline, at)
        between = ' class="between"' if number % 2 else ""
        anchor = "start" if x < 4 else "end" if x > 96 else "middle"
        yield f"<g{between}>"
        if at:
            yield f'<line class="grid" x1="{x:g}%" x2="{x:g}%" y1="0" y2="{height}"/>'
        yield f'<text class="quiet" x="{x:g}%" y="{height + 18}" text-anchor="{anchor}">{label}</text>'
        yield "</g>"
    yield f'<line class="axis" x1="0" x2="100%" y1="{height}" y2="{height}"/>'
    x = _share(timeline, timeline.ended.at)
    yield f'<line class="ending" x1="{x:g}%" x2="{x:g}%" y1="0" y2="{height}"/>'


def _lanes(timeline: Timeline) -> Iterator[tuple[int, Iterable[str]]]:
    """The rows of the drawing, each with its height in pixels."""
    for phase in timeline.phases:
        yield 48, _phase(timeline, phase)
    yield 36, _end(timeline)
    yield 56, _polls(timeline)
    if timeline.anomalies:
        yield 48, _anomalies(timeline)
    if timeline.contacts:
        yield _CURVE_HEIGHT + 32, _contacts(timeline)


def _phase(timeline: Timeline, phase: Phase) -> Iterator[str]:
    start, end = _share(timeline, phase.start), _share(timeline, phase.end)
    width = max(round(end - start, 2), _MIN_PHASE)
    name = phase.state.value
    yield _heading(name, duration(phase.end - phase.start))
    yield f'<rect class="{name.lower()}" x="{min(start, 100 - width):g}%" y="22" width="{width:g}%" height="12"/>'


def _end(timeline: Timeline) -> Iterator[str]:
    ended = timeline.ended
    x = _share(timeline, ended.at)
    text = f'{ended.outcome.name} <tspan class="quiet">{duration(ended.at)}</tspan>'
    beside = 'dx="-12" text-anchor="end"' if x > 50 else 'dx="12"'
    yield f'<circle class="{_kind(ended)}" cx="{x:g}%" cy="14" r="5"/>'
    yield f'<text x="{x:g}%" y="18" {beside}>{text}</text>'


def _polls(timeline: Timeline) -> Iterator[str]:
    failed = timeline.failed_count
    yield _heading("Polls", f"{timeline.poll_count:,}" + (f", {failed:,} failed" if failed else ""))
    took = (f"M{_across(timeline, poll.sent):g} 8H{_across(timeline, poll.finished):g}" for poll in _slow(timeline))
    finished = dict.fromkeys(_across(timeline, poll.finished) for poll in timeline.polls if poll.failed < poll.count)
    yield '<svg y="24" height="16" viewBox="0 0 1000 16" preserveAspectRatio="none">'
    yield f'<path class="took" d="{"".join(took)}"/>'
    yield f'<path class="poll" d="{"".join(f"M{x:g} 0V16" for x in finished)}"/>'
    yield "</svg>"
    yield from _signs(
        "cross", "failed", 32, (_share(timeline, poll.finished) for poll in timeline.polls if poll.failed)
    )


def _slow(timeline: Timeline) -> list[Poll]:
    """The polls that took long enough to be visible in the drawing."""
    return [poll for poll in timeline.polls if (poll.finished - poll.sent) * 50 > timeline.seconds]


def _anomalies(timeline: Timeline) -> Iterator[str]:
    yield _heading("Anomalies", f"{len(timeline.anomalies):,}")
    yield from _signs("diamond", "anomaly", 28, (_share(timeline, at) for at in timeline.anomalies))


def _signs(shape: str, kind: str, y: int, places: Iterable[float]) -> Iterator[str]:
    """A sign at each of the `places`; signs that would overlap are merged."""
    apart = {round(x * 2): x for x in places}
    yield from (f'<use href="#{shape}" class="{kind}" x="{x:g}%" y="{y}"/>' for x in apart.values())


def _contacts(timeline: Timeline) -> Iterator[str]:
    greatest = timeline.contacts[-1][1]
    yield _heading("Contacts", f"{greatest:,}")
    for number in number_marks(greatest, 3):
        y = round(24 + _CURVE_HEIGHT * (1 - number / (greatest or 1)), 1)
        yield f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        if number:
            yield f'<text class="quiet" x="0" y="{y + 14}">{number:,}</text>'
    start, end = _across(timeline, timeline.contacts[0][0]), _across(timeline, timeline.ended.at)
    steps = "".join(
        f"H{_across(timeline, at):g}V{100 - 100 * count / (greatest or 1):.4g}" for at, count in timeline.contacts
    )
    yield f'<svg y="24" height="{_CURVE_HEIGHT}" viewBox="0 0 1000 100" preserveAspectRatio="none">'
    yield f'<path class="under" d="M{start:g} 100{steps}H{end:g}V100z"/>'
    yield f'<path class="curve" d="M{start:g} 100{steps}H{end:g}"/>'
    yield "</svg>"


def _heading(name: str, value: str) -> str:
    return f'<text y="14">{name} <tspan class="quiet">{value}</tspan></text>'


def _share(timeline: Timeline, at: float) -> float:
    """The horizontal position of `at`, in percent of the width."""
    return round(100 * at / timeline.seconds, 2) if timeline.seconds else 0.0


def _across(timeline: Timeline, at: float) -> float:
    """The horizontal position of `at`, in thousandths of the width."""
    return round(10 * _share(timeline, at), 1)


def _legend(timeline: Timeline) -> str:
    entries = ['<path class="poll" d="M8 0V16"/></svg>response']
    if _slow(timeline):
        entries.append('<path class="took" d="M0 8H16"/></svg>waiting for a response')
    if timeline.failed_count:
        entries.append('<use href="#cross" class="failed" x="8" y="8"/></svg>failed poll')
    if timeline.anomalies:
        entries.append('<use href="#diamond" class="anomaly" x="8" y="8"/></svg>anomaly')
    key = '<svg width="16" height="16" aria-hidden="true">'
    return f"<ul>\n{_lines(f'<li>{key}{entry}</li>' for entry in entries)}\n</ul>"


def _table(timeline: Timeline) -> str:
    omitted = f"<tr><td></td><td></td><td>{timeline.omitted:,} more events are omitted here</td></tr>"
    rows = [
        *map(_row, timeline.first_items),
        *([omitted] if timeline.omitted else []),
        *map(_row, timeline.last_items),
    ]
    return f"""\
<table>
<thead><tr><th scope="col">Time</th><th scope="col">Event</th><th scope="col">Details</th></tr></thead>
<tbody>
{_lines(rows)}
</tbody>
</table>"""


def _row(item: Emitted) -> str:
    kind = {PollFailed: ' class="bad"', Anomaly: ' class="odd"'}.get(type(item), "")
    if isinstance(item, Ended):
        kind = f' class="{_kind(item)}"'
    return f"<tr><td>{time_of(item)}</td><td{kind}>{name_of(item)}</td><td>{_text(description_of(item))}</td></tr>"

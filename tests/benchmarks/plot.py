"""Draw how cost grows, for light and for dark pages; the same figures give the same files."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path

import matplotlib
from growth import Growth
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from measuring import in_words

WIDTH = 5.0
"""Inches: narrow enough for a phone."""
LINES, NAME, AROUND = 1.15, 0.19, 0.65
"""Inches of a panel's height: the lines, each entry of the legend, and the title and labels."""

INK = {"light": "#1f2328", "dark": "#e6edf3"}
FAINT = {"light": "#d0d7de", "dark": "#3d444d"}
PAPER = {"light": "#ffffff", "dark": "#0d1117"}
COLOURS = {"light": ("#0550ae", "#b35900", "#1a7f37"), "dark": ("#79c0ff", "#ffa657", "#56d364")}
DASHES = ("-", "--")
MARKERS = ("o", "s", "^")


@dataclass(frozen=True)
class Panel:
    """One diagram. `flat` is for costs that should stay constant; in other diagrams, grey lines show linear growth."""

    title: str
    counted: str
    growths: Sequence[Growth]
    flat: bool = False


def draw(panels: Sequence[Panel], folder: Path) -> None:
    """Write `growth-light.svg` and `growth-dark.svg`."""
    style = {"svg.fonttype": "none", "svg.hashsalt": "growth", "font.sans-serif": ["DejaVu Sans", "sans-serif"]}
    heights = [LINES + NAME * len(panel.growths) + AROUND for panel in panels]
    for theme in INK:
        with matplotlib.rc_context(style):
            figure = Figure(figsize=(WIDTH, sum(heights)), facecolor=PAPER[theme], layout="constrained")
            axes = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
            for panel, ax in zip(panels, axes, strict=True):
                _draw_panel(panel, ax, theme)
            figure.savefig(folder / f"growth-{theme}.svg", metadata={"Date": None, "Creator": None})


def _draw_panel(panel: Panel, ax: Axes, theme: str) -> None:
    sizes, unit = panel.growths[0].sizes, panel.growths[0].unit
    lowest = min(min(growth.costs) for growth in panel.growths) / 2
    highest = max(max(growth.costs) for growth in panel.growths) * 1.5
    stretched = 1 + NAME * len(panel.growths) / LINES  # makes room for the legend above the lines
    ax.set_xscale("log")
    if panel.flat:
        ax.set_ylim(0, highest * stretched)
    else:
        ax.set_yscale("log")
        ax.set_ylim(lowest, lowest * (highest / lowest) ** stretched)
        for power in range(floor(log10(lowest / sizes[-1])), ceil(log10(highest))):
            ax.plot(sizes, [10**power * size for size in sizes], color=FAINT[theme], linewidth=0.8, zorder=0)
    for number, growth in enumerate(panel.growths):
        ax.plot(
            sizes,
            growth.costs,
            label=growth.what,
            color=COLOURS[theme][number % len(COLOURS[theme])],
            linestyle=DASHES[number // len(COLOURS[theme])],
            marker=MARKERS[number % len(MARKERS)],
            markersize=4,
        )
    _label(panel, ax, theme, sizes, unit)


def _label(panel: Panel, ax: Axes, theme: str, sizes: Sequence[int], unit: str) -> None:
    ax.set_title(panel.title, loc="left", color=INK[theme])
    ax.set_xlabel(panel.counted, color=INK[theme])
    ax.set_facecolor(PAPER[theme])
    ax.xaxis.set_major_locator(FixedLocator(list(sizes)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
    ax.yaxis.set_major_formatter(lambda cost, _: in_words(cost, unit))
    ax.tick_params(colors=INK[theme], length=0)
    ax.spines[:].set_color(FAINT[theme])
    ax.legend(loc="upper left", frameon=False, labelcolor=INK[theme], labelspacing=0.2)

import html
import json
import re
from html.parser import HTMLParser

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.timeline.page import page
from spongewatch.adapters.timeline.timeline import FIRST_ITEMS, LAST_ITEMS, timeline_of
from spongewatch.transports import open_recording

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
HOSTILE = "</style></title><script>owned=1</script><img src=x onerror=owned=1>&lt;\u202e\x00\x1b[2J\"'\ud800-->漢"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, source):
        super().__init__()
        self.found = []
        self.words = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag, **attributes):
        return [a for t, a in self.found if t == tag and a.items() >= attributes.items()]


def exchange(t, *events, took=0.1):
    return {"t": t, "took": took, "status": 200, "body": json_body(rows(*events)).decode()}


@pytest.fixture
def made(tmp_path):
    def make(*lines, header=HEADER, tail=""):
        file = tmp_path / "trace.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)) + tail)
        return page(timeline_of(open_recording(file)))

    return make


@pytest.fixture
def fails():
    return page(timeline_of(open_recording("docs/traces/fails.jsonl")))


def cells(source):
    """The rows of the table."""
    body = source.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", body)
    ]


def test_the_table_lists_the_events(fails):
    assert cells(fails) == [
        ["0.2 s", "INITIALIZING", "waiting for the person's consent"],
        ["2.4 s", "GATHERING", "gathering contacts"],
        ["2.4 s", "GATHERING", "0 contacts so far"],
        ["3.6 s", "poll failed", "status 503; next poll at 5.0 s"],
        ["15.0 s", "poll failed", "timeout: no response within 10 s (2 in a row); next poll at 17.5 s"],
        ["17.6 s", "GATHERING", "40 contacts so far"],
        ["18.8 s", "ERROR", "failed with error code 264"],
        [
            "18.8 s",
            "failed",
            "failed in GATHERING with error code 264: The provider's address book can't be reached for the moment. "
            "Try again: a new import may succeed.",
        ],
    ]


def test_positions_correspond_to_times(fails):
    elements = Elements(fails)
    assert elements.all("rect") == [
        {"class": "initializing", "x": "0%", "y": "22", "width": "12.99%", "height": "12"},
        {"class": "gathering", "x": "12.99%", "y": "22", "width": "87.01%", "height": "12"},
    ]
    assert [sign["x"] for sign in elements.all("use", **{"class": "failed"})] == ["18.94%", "79.94%", "8"]
    ticks, _ = elements.all("path", **{"class": "poll"})
    assert ticks["d"] == "M9.8 0V16M69.5 0V16M129.9 0V16M940 0V16M1000 0V16"
    assert elements.all("path", **{"class": "took"})[0]["d"] == "M266.6 8H799.4"
    assert elements.all("path", **{"class": "curve"})[0]["d"] == "M129.9 100H129.9V100H940V0H1000"
    assert elements.all("circle") == [{"class": "bad", "cx": "100%", "cy": "14", "r": "5"}]


def test_the_legend_contains_only_what_is_drawn(fails, made):
    assert re.findall(r"</svg>([a-z ]+)</li>", fails) == ["response", "waiting for a response", "failed poll"]
    odd = made(exchange(0, "SUBMITTING INPROGRESS 1", took=0), exchange(1, "COMPLETE COMPLETED 0", took=0))
    assert re.findall(r"</svg>([a-z ]+)</li>", odd) == ["response", "anomaly"]


def test_the_page_has_no_scripts_and_requests_nothing(fails):
    elements = Elements(fails)
    assert not {"script", "link", "img", "iframe", "a", "base", "form", "object"} & {tag for tag, _ in elements.found}
    for _, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")]
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in fails
    assert "@import" not in fails
    (policy,) = (meta["content"] for meta in elements.all("meta") if "http-equiv" in meta)
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'", policy
    )


def test_the_page_is_accessible(fails):
    elements = Elements(fails)
    assert elements.all("html", lang="en")
    assert [tag for tag, _ in elements.found if re.fullmatch("h[1-6]|title", tag)] == ["title", "h1", "title", "h2"]
    (picture,) = elements.all("svg", role="img")
    assert f'<title id="{picture["aria-labelledby"]}">failed after 18.8 s and 7 polls;' in fails
    assert len(elements.all("th", scope="col")) == 3
    assert elements.all("meta", name="viewport")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_have_enough_contrast(fails, scheme):
    style = fails.partition("<style>")[2].partition("</style>")[0]
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in style.split("prefers-color-scheme: dark"))
    colors = {"light": light, "dark": dark}[scheme]
    for name in ("text", "quiet", "good", "bad", "odd"):
        assert contrast(colors[name], colors["card"]) >= 4.5
        assert contrast(colors[name], colors["page"]) >= 4.5
    for name in ("waiting", "gathering"):
        assert contrast(colors[name], colors["card"]) >= 3


def contrast(color, other):
    """The contrast ratio of WCAG 2."""

    def luminance(color):
        shares = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(color), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_untrusted_text_is_shown_as_text(made, fails):
    source = made(
        exchange(0, "INITIALIZING INPROGRESS"),
        {"t": 1, "took": 0.1, "error": "timeout", "detail": HOSTILE},
        {
            "t": 4,
            "took": 0.1,
            "status": 200,
            "body": json.dumps({"events": [{"event_type": "<b>", "status": "&amp;\"'", "value": HOSTILE}]}),
        },
        {"t": 9, "end": "rejected", "reason": "request", "detail": HOSTILE},
    )
    assert {tag for tag, _ in Elements(source).found} - {tag for tag, _ in Elements(fails).found} == set()
    shown = (
        r"</style></title><script>owned=1</script><img src=x onerror=owned=1>&lt;\u202e\x00\x1b[2J" + "\"'\\ud800-->漢"
    )
    words = "".join(Elements(source).words)
    assert words.count(shown) == 4  # the heading, and in the table a failed poll, an anomaly and the end
    assert "unlisted-row: <b> &amp;\"'" in words
    assert source.isascii()
    assert source.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("lines", "kind", "anchor"),
    [
        ([exchange(0, "COMPLETE COMPLETED 0")], "good", "100%"),
        ([exchange(0, "INITIALIZING ERROR 514")], "bad", "100%"),
        ([exchange(0, "GATHERING INPROGRESS 5"), {"t": 9, "end": "timed-out"}], "odd", "100%"),
        ([], "odd", "0%"),
    ],
)
def test_the_end_is_marked_by_its_outcome(made, lines, kind, anchor):
    (circle,) = Elements(made(*lines)).all("circle")
    assert (circle["class"], circle["cx"]) == (kind, anchor)


def test_a_phase_without_duration_is_visible(made):
    elements = Elements(made(exchange(0, "GATHERING COMPLETED 0", "COMPLETE COMPLETED 0")))
    assert [(bar["x"], bar["width"]) for bar in elements.all("rect")] == [("0%", "100%"), ("99.8%", "0.2%")]


def test_problems_of_the_recording_are_noted(made):
    assert "Recording: line 3 (the last) is truncated and was ignored." in made(
        exchange(0, "COMPLETE COMPLETED 0"), tail="{"
    )
    assert "Recording: line 2: " in made([])


def test_the_page_stays_small_with_very_many_polls(made):
    many = 5000
    lines = [
        exchange(n, f"GATHERING INPROGRESS {n}") if n % 2 else {"t": n, "took": 0, "status": 503} for n in range(many)
    ]
    source = made(*lines)
    assert len(source) < 200_000
    assert len(Elements(source).all("use")) < 250
    table = cells(source)
    assert len(table) == FIRST_ITEMS + 1 + LAST_ITEMS
    assert re.fullmatch(r"4,\d\d\d more events are omitted here", table[FIRST_ITEMS][2])

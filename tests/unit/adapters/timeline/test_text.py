import json

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.timeline.text import MAX_LISTED, MAX_WIDTH, MIN_WIDTH, drawing
from spongewatch.adapters.timeline.timeline import timeline_of
from spongewatch.transports import open_recording

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
TRACES = ["completes", "abandoned", "fails"]


def exchange(t, *events, took=0.1):
    return {"t": t, "took": took, "status": 200, "body": json_body(rows(*events)).decode()}


@pytest.fixture
def drawn(tmp_path):
    def draw(*lines, width=60, encoding="utf-8", header=HEADER):
        file = tmp_path / "trace.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)))
        return drawing(timeline_of(open_recording(file)), width, encoding)

    return draw


def test_the_drawing_of_an_import_that_completes():
    assert (
        drawing(timeline_of(open_recording("docs/traces/completes.jsonl")), 64)
        == """\
Import 1126: completed with 2,001 contacts; fetch them within
minutes

INITIALIZING  ███████████████████████████████ 7.0 s
GATHERING                             4.5 s ████████████████████
completed                                               11.5 s ●
polls         ╵    ╵    ╵    ╵    ╵    ╵    ╵    ╵    ╵    ╵   ╵
       2,001                                          ▂▂▂▂▂▂▂▂▂█
contacts                                              ██████████
                                                 ▅▅▅▅▅██████████
           0                                ▁▁▁▁▁███████████████
              ┴───────┴────────┴────────┴───────┴────────┴──────
              0       2 s      4 s      6 s     8 s      10 s

╵ 11 polls"""
    )


def test_failed_polls_are_marked_and_listed():
    assert (
        drawing(timeline_of(open_recording("docs/traces/fails.jsonl")), 72)
        == """\
Import 1128: failed in GATHERING with error code 264: The provider's
address book can't be reached for the moment. Try again: a new import
may succeed.

INITIALIZING  ████████ 2.4 s
GATHERING     16.3 s ███████████████████████████████████████████████████
failed                                                          18.8 s ●
polls         ╵   ╵  ╵  ×    ───────────────────────────────×       ╵  ╵
          40                                                        ████
contacts                                                            ████
                                                                    ████
           0         ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁████
              ┴──────────────┴──────────────┴───────────────┴───────────
              0              5 s            10 s            15 s

╵ 7 polls   × 2 failed   ─ waiting

×  3.6 s  poll failed: status 503; next poll at 5.0 s
× 15.0 s  poll failed: timeout: no response within 10 s (2 in a row);
    next poll at 17.5 s"""  # noqa: RUF001
    )


def test_an_encoding_without_drawing_characters_gets_ascii():
    assert (
        drawing(timeline_of(open_recording("docs/traces/fails.jsonl")), 40, "ascii")
        == """\
Import 1128: failed in GATHERING with
error code 264: The provider's address
book can't be reached for the moment.
Try again: a new import may succeed.

INITIALIZING  #### 2.4 s
GATHERING        #######################
failed                          18.8 s *
polls         || |x --------------x   ||
          40                          ##
contacts                              ##
                                      ##
           0     .....................##
              +------------+------------
              0            10 s

| 7 polls   x 2 failed   - waiting

x  3.6 s  poll failed: status 503; next
    poll at 5.0 s
x 15.0 s  poll failed: timeout: no
    response within 10 s (2 in a row);
    next poll at 17.5 s"""
    )


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("width", [-1, 0, 20, 24, 40, 80, 133, 200, 10**9])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_a_drawing_fits_its_width_and_its_encoding(name, width, encoding):
    text = drawing(timeline_of(open_recording(f"docs/traces/{name}.jsonl")), width, encoding)
    text.encode(encoding)
    assert max(len(row) for row in text.splitlines()) <= min(max(width, MIN_WIDTH), MAX_WIDTH)
    assert all(row == row.rstrip() for row in text.splitlines())


def picture(text):
    """The rows between the heading and the legend."""
    return text.split("\n\n")[1].splitlines()


def test_anomalies_have_a_row_of_their_own(drawn):
    text = drawn(
        exchange(0, "SUBMITTING INPROGRESS 50"),
        exchange(2, "INITIALIZING PENDING"),
        exchange(4, "COMPLETE COMPLETED 0"),
    )
    assert "anomalies      !                     !" in picture(text)
    assert text.split("\n\n")[2:] == [
        "╵ 3 polls   ! 2 anomalies",
        "! 0.1 s  anomaly: unlisted-row: SUBMITTING INPROGRESS 50\n"
        "! 2.1 s  anomaly: unlisted-row: INITIALIZING PENDING",
    ]


def test_an_address_book_without_contacts_has_a_flat_curve(drawn):
    rows = picture(drawn(exchange(0, "GATHERING INPROGRESS 0"), exchange(1, "COMPLETE COMPLETED 0", took=0)))
    assert "contacts   0      " + "▁" * 42 in rows
    assert not any("█" in row for row in rows if row.startswith("contacts"))


def test_without_a_contact_count_there_is_no_curve(drawn):
    assert not any(row.startswith("contacts") for row in picture(drawn(exchange(0, "INITIALIZING ERROR 514"))))


def test_a_number_too_long_for_the_margin_is_rounded(drawn):
    text = drawn(exchange(0, "GATHERING COMPLETED 999999999999999", "COMPLETE COMPLETED 0"))
    assert "    1.00e+15  " in text
    assert "999,999,999,999,999 contacts" in text.replace("\n", " ")


def test_an_import_without_duration_is_one_column(drawn):
    rows = picture(drawn(exchange(0, "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0", took=0)))
    assert rows[:4] == [
        "INITIALIZING  █ 0 s",
        "GATHERING     █ 0 s",
        "completed     ● 0 s",
        "polls         ╵",
    ]
    assert rows[-1] == "              0"


def test_a_recording_without_polls_can_be_drawn(drawn):
    assert "0 polls" in drawn()


def test_a_response_after_the_end_of_the_watch_is_drawn_after_it(drawn):
    rows = picture(
        drawn(
            exchange(0, "GATHERING INPROGRESS 5"),
            exchange(9, "GATHERING INPROGRESS 5"),
            header={**HEADER, "policy": {"gathering_timeout": 5}},
        )
    )
    ended, polls, contacts = (
        next(row for row in rows if row.startswith(word)) for word in ("timed", "polls", "contacts")
    )
    assert ended.index("●") < polls.rindex("╵")
    assert len(contacts) <= ended.index("●") + 1


def test_the_list_of_failed_polls_is_limited(drawn):
    text = drawn(*({"t": n, "took": 0.1, "status": 503} for n in range(MAX_LISTED + 1)), {"t": 20, "end": "cancelled"})
    marked = text.split("\n\n")[-1].splitlines()
    assert len(marked) == MAX_LISTED + 1 + sum(row.startswith("    ") for row in marked)
    assert marked[-1] == "There are more; 'spongewatch replay' shows all."


def test_control_characters_from_the_service_are_escaped(drawn):
    text = drawn(
        {"t": 0, "took": 1, "error": "timeout", "detail": "\x1b[2J\u202e\0\n"}, exchange(2, "COMPLETE COMPLETED")
    )
    assert r"\x1b[2J\u202e\x00\n" in text.replace("\n    ", "")
    assert all(row.isprintable() for row in text.split("\n"))

import argparse
import json
import os
import stat
import sys
from io import StringIO

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.cli.commands.timeline import add_options, run

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
COMPLETE = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE COMPLETED 0")).decode()}
FAILED = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE ERROR 264")).decode()}


@pytest.fixture
def trace(tmp_path):
    def write(*lines, tail=""):
        file = tmp_path / "trace.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in (HEADER, *lines)) + tail)
        return str(file)

    return write


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def drawn(*words):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return run(parser.parse_args([str(word) for word in words]))


@pytest.mark.parametrize("lines", [[COMPLETE], [FAILED], [], [{"t": 1, "end": "cancelled"}]])
def test_the_exit_status_is_0_whatever_the_outcome_of_the_import(trace, capsys, lines):
    assert drawn(trace(*lines)) == 0
    assert capsys.readouterr().out.startswith("Import 1126: ")


def test_the_drawing_is_as_wide_as_the_terminal(trace, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    drawn(trace(COMPLETE))
    rows = capsys.readouterr().out.splitlines()
    assert max(map(len, rows)) == 40


def test_the_drawing_is_ascii_if_the_output_has_no_other_encoding(trace, monkeypatch):
    for stream in (StringIO(), None):
        monkeypatch.setattr(sys, "stdout", stream)
        assert drawn(trace(COMPLETE)) == 0
        assert stream is None or stream.getvalue().isascii()


def test_only_the_owner_may_read_the_page(trace, tmp_path, capsys):
    before = os.umask(0)
    try:
        assert drawn(trace(COMPLETE), "--html", tmp_path / "page.html") == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>\n")
    assert capsys.readouterr() == ("", "")


def test_a_dash_prints_the_page_to_standard_output(trace, capsys):
    assert drawn(trace(COMPLETE), "--html", "-") == 0
    out, _ = capsys.readouterr()
    assert out.startswith("<!doctype html>\n")
    assert out.endswith("</html>\n")


def test_an_existing_file_is_not_overwritten(trace, tmp_path, capsys):
    file = tmp_path / "page.html"
    file.write_text("mine")
    assert drawn(trace(COMPLETE), "--html", file) == 2
    assert file.read_text() == "mine"
    assert capsys.readouterr() == ("", f"spongewatch: --html: cannot create {file}: File exists\n")


def test_an_invalid_path_is_one_line(trace, capsys):
    assert drawn(trace(COMPLETE), "--html", "x\0y") == 2
    assert capsys.readouterr().err == "spongewatch: --html: cannot create x\\x00y: invalid path\n"


def test_a_damaged_recording_is_drawn_up_to_the_damage(trace, tmp_path, capsys):
    path = trace([], COMPLETE)
    assert drawn(path) == 9
    out, err = capsys.readouterr()
    assert "lost-contact" in out
    assert err.startswith(f"spongewatch: {path}: line 2: ")
    assert drawn(path, "--html", tmp_path / "page.html") == 9
    assert (tmp_path / "page.html").exists()


def test_a_truncated_last_line_is_noted(trace, capsys):
    path = trace(COMPLETE, tail='{"t"')
    assert drawn(path) == 0
    assert capsys.readouterr().err == f"spongewatch: {path}: line 3 (the last) is truncated and was ignored\n"


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\xff", b'{"spongewatch-trace": 2}'])
def test_an_unreadable_recording_is_one_line_and_no_page(tmp_path, capsys, content):
    file = tmp_path / "x\x1b.json"
    if content is not None:
        file.write_bytes(content)
    assert drawn(file, "--html", tmp_path / "page.html") == 9
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "x\\x1b.json: " in err
    assert not (tmp_path / "page.html").exists()


def test_import_id_must_match_the_recording(trace, capsys):
    path = trace(COMPLETE)
    assert [drawn(path, "--import-id", wanted) for wanted in ("1126", "7", "../7")] == [0, 9, 2]
    assert len(capsys.readouterr().err.splitlines()) == 2

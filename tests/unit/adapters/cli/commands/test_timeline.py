import argparse
import json
import os
import stat
import sys
from io import StringIO

import pytest

from answers import json_body, rows
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
def test_that_it_was_drawn_is_the_exit_status_however_the_import_ended(trace, capsys, lines):
    assert drawn(trace(*lines)) == 0
    assert capsys.readouterr().out.startswith("Import 1126 ")


def test_it_is_as_wide_as_the_terminal(trace, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    drawn(trace(COMPLETE))
    rows = capsys.readouterr().out.splitlines()
    assert max(map(len, rows)) == 40


def test_where_the_output_has_no_such_signs_it_is_ascii(trace, monkeypatch):
    for stream in (StringIO(), None):
        monkeypatch.setattr(sys, "stdout", stream)
        assert drawn(trace(COMPLETE)) == 0
        assert stream is None or stream.getvalue().isascii()


def test_the_page_is_a_new_file_that_only_its_owner_may_read(trace, tmp_path, capsys):
    before = os.umask(0)
    try:
        assert drawn(trace(COMPLETE), "--html", tmp_path / "page.html") == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>\n")
    assert capsys.readouterr() == ("", "")


def test_a_minus_sends_the_page_to_standard_output(trace, capsys):
    assert drawn(trace(COMPLETE), "--html", "-") == 0
    out, _ = capsys.readouterr()
    assert out.startswith("<!doctype html>\n")
    assert out.endswith("</html>\n")


def test_a_file_that_is_there_is_left_alone(trace, tmp_path, capsys):
    file = tmp_path / "page.html"
    file.write_text("mine")
    assert drawn(trace(COMPLETE), "--html", file) == 2
    assert file.read_text() == "mine"
    assert capsys.readouterr() == ("", f"spongewatch: --html: {file}: can't be made: File exists\n")


def test_what_is_no_path_is_one_line(trace, capsys):
    assert drawn(trace(COMPLETE), "--html", "x\0y") == 2
    assert capsys.readouterr().err == "spongewatch: --html: x\\x00y: is no path\n"


def test_a_broken_recording_is_drawn_up_to_there(trace, tmp_path, capsys):
    path = trace([], COMPLETE)
    assert drawn(path) == 9
    out, err = capsys.readouterr()
    assert "lost-contact" in out
    assert err == f"spongewatch: {path}: line 2: not a JSON object\n"
    assert drawn(path, "--html", tmp_path / "page.html") == 9
    assert (tmp_path / "page.html").exists()


def test_a_torn_line_is_noted_and_no_more(trace, capsys):
    path = trace(COMPLETE, tail='{"t"')
    assert drawn(path) == 0
    assert capsys.readouterr().err == f"spongewatch: {path}: line 3, the last, is truncated and was ignored\n"


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\xff", b'{"spongewatch-trace": 2}'])
def test_what_is_no_recording_is_one_line_and_no_page(tmp_path, capsys, content):
    file = tmp_path / "x\x1b.json"
    if content is not None:
        file.write_bytes(content)
    assert drawn(file, "--html", tmp_path / "page.html") == 9
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "x\\x1b.json: " in err
    assert not (tmp_path / "page.html").exists()


def test_the_import_is_the_one_that_is_wanted(trace, capsys):
    path = trace(COMPLETE)
    assert [drawn(path, "--import-id", wanted) for wanted in ("1126", "7", "../7")] == [0, 9, 2]
    assert capsys.readouterr().err.splitlines() == [
        f"spongewatch: {path}: contains import 1126, not 7",
        'spongewatch: import_id must be an import id such as 1126, not "../7"',
    ]

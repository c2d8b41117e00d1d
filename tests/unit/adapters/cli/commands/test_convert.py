import json
import os
import stat
from pathlib import Path

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.cli.command_line import main

ROOT = Path(__file__).parents[5]
HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
GATHERING = {"t": 0, "took": 0, "status": 200, "body": json_body(rows("GATHERING INPROGRESS 5")).decode()}
COMPLETE = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE COMPLETED 0")).decode()}
RECORDINGS = [
    *sorted((ROOT / "docs/traces").glob("*.jsonl")),
    *(ROOT / "tests/data" / name for name in ("chromium.har", "vcrpy.yaml", "vcrpy.json", "ruby-vcr.yml")),
]
HAR = str(ROOT / "tests/data/chromium.har")


def trace(tmp_path, *lines, tail=""):
    file = tmp_path / "trace.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in (HEADER, *lines)) + tail)
    return str(file)


def run(*arguments):
    return main(["convert", *map(str, arguments)])


def replayed(path, capsys):
    status = main(["replay", str(path), "--jsonl"])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_the_trace_replays_to_the_same_bytes(tmp_path, capsys, path):
    assert run(path) == 0
    out, err = capsys.readouterr()
    assert err == ""
    (tmp_path / "trace").write_text(out)
    assert replayed(tmp_path / "trace", capsys) == replayed(path, capsys)


def test_the_trace_of_bodies_replays_to_the_same_bytes(tmp_path, capsys):
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    (bodies / "1.json").write_bytes(json_body(rows("GATHERING INPROGRESS 5"), import_id=7))
    (bodies / "2.json").write_bytes(b"\xff\x00")
    (bodies / "10.xml").write_text("<eventsResponse><events></events></eventsResponse>")
    for number, path in enumerate((bodies, bodies / "1.json", bodies / "10.xml")):
        assert run(path, "--output", tmp_path / f"{number}") == 0
        assert replayed(tmp_path / f"{number}", capsys) == replayed(path, capsys)


def test_only_the_owner_may_read_the_new_file(tmp_path, capsys):
    before = os.umask(0)
    try:
        assert run(HAR, "--output", tmp_path / "trace") == 0
    finally:
        os.umask(before)
    assert capsys.readouterr() == ("", "")
    assert stat.S_IMODE((tmp_path / "trace").stat().st_mode) == 0o600
    assert (tmp_path / "trace").read_text().startswith('{"spongewatch-trace": 1, "import_id": "1126", "policy": {')


def test_the_trace_contains_no_secret(capsys):
    for path in RECORDINGS[-4:]:
        run(path)
        out = capsys.readouterr().out
        assert "demo-password" not in out
        assert "http://" not in out


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("there", "there: File exists"),
        ("gone/trace", "gone/trace: No such file or directory"),
        ("a\0b", "a\\x00b: invalid path"),
    ],
)
def test_a_file_that_cannot_be_created_is_an_error(tmp_path, capsys, name, problem):
    (tmp_path / "there").write_text("precious")
    assert run(HAR, "--output", f"{tmp_path}/{name}") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"spongewatch: --output: cannot create {tmp_path}/")
    assert err.endswith(f"/{problem}\n")
    assert len(err.splitlines()) == 1
    assert (tmp_path / "there").read_text() == "precious"


def test_a_truncated_last_line_is_not_converted(tmp_path, capsys):
    path = trace(tmp_path, GATHERING, tail='{"t": 2')
    assert run(path) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert err == f"spongewatch: {path}: line 3 (the last) is truncated and was ignored\n"


@pytest.mark.parametrize("to_a_file", [False, True])
def test_a_damaged_recording_is_converted_up_to_the_damage(tmp_path, capsys, to_a_file):
    path = trace(tmp_path, GATHERING, [], COMPLETE)
    output = tmp_path / "converted"
    assert run(path, *(["--output", output] if to_a_file else [])) == 9
    out, err = capsys.readouterr()
    assert len((output.read_text() if to_a_file else out).splitlines()) == 2
    assert err == f"spongewatch: {path}: line 3: not a JSON object\n"


@pytest.mark.parametrize("content", [None, b"", b"hello", b'{"spongewatch-trace": 2}', b'{"log": {"entries": []}}'])
def test_an_unreadable_recording_is_one_line_and_no_file(tmp_path, capsys, content):
    path, output = tmp_path / "x\x1b", tmp_path / "converted"
    if content is not None:
        path.write_bytes(content)
    assert run(path, "--output", output) == 9
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith(f"spongewatch: {tmp_path}/x\\x1b: ")
    assert not output.exists()


def test_import_id_selects_one_of_several_imports(tmp_path, capsys):
    entry = json.loads(Path(HAR).read_text())["log"]["entries"][3]
    other = {**entry, "request": {**entry["request"], "url": "http://127.0.0.1/events/7"}}
    file = tmp_path / "two.har"
    file.write_text(json.dumps({"log": {"entries": [entry, other]}}))
    assert run(file) == 9
    assert capsys.readouterr().err == (
        f"spongewatch: {file}: contains polls of 2 imports: 1126, 7; choose one with --import-id\n"
    )
    assert run(file, "--import-id", "7") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["import_id"] == "7"
    assert run(file, "--import-id", "8") == 9
    assert run(file, "--import-id", "../7") == 2
    assert capsys.readouterr().err.splitlines()[1].startswith("spongewatch: import_id must be 1 to 64 letters, ")


def test_a_dash_is_standard_output(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(HAR, "--output", "-") == 0
    explicit = capsys.readouterr().out
    assert run(HAR) == 0
    assert capsys.readouterr().out == explicit != ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["convert", "replay", "timeline", "simulate"])
def test_a_recording_is_not_read_from_standard_input(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "-"])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "PATH must be a file or folder; standard input can't be replayed, save it to a file" in err

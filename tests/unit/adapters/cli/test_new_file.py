import os
import stat

import pytest

from spongewatch.adapters.cli.new_file import write_new_file
from spongewatch.transports import RecordingError


def test_only_the_owner_may_read_a_new_file(tmp_path):
    path = tmp_path / "out"
    assert write_new_file("--output", str(path), ["a\n", "b\n"]) == 0
    assert path.read_text() == "a\nb\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "problem"),
    [("there", "there: File exists"), ("a\0b", "a\\x00b: invalid path"), ("no/where", "no/where: No such file")],
)
def test_a_file_that_cannot_be_created_is_a_usage_error_and_nothing_is_overwritten(
    tmp_path, monkeypatch, capsys, name, problem
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("kept")
    assert write_new_file("--output", name, ["a\n"]) == 2
    assert f"--output: cannot create {problem}" in capsys.readouterr().err
    assert (tmp_path / "there").read_text() == "kept"


def test_a_full_disk_is_reported(monkeypatch, tmp_path, capsys):
    open_file = os.open
    monkeypatch.setattr(os, "open", lambda path, *_: open_file("/dev/full", os.O_WRONLY))
    assert write_new_file("--html", str(tmp_path / "out"), ["a\n"]) == 1
    assert f"--html: cannot write to {tmp_path}/out: No space left on device" in capsys.readouterr().err


def test_an_exception_of_the_lines_is_passed_on_and_the_lines_before_are_kept(tmp_path):
    def lines():
        yield "a\n"
        raise RecordingError("a.jsonl", "not JSON", 3)

    with pytest.raises(RecordingError):
        write_new_file("--output", str(tmp_path / "out"), lines())
    assert (tmp_path / "out").read_text() == "a\n"

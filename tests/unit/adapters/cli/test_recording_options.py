import argparse

import pytest

from spongewatch import InvalidArgument, LocalProtocolError
from spongewatch.adapters.cli.recording_options import add_recording_options, note_error, note_truncated
from spongewatch.transports import RecordingError


def test_a_path_is_required_and_an_import_id_is_optional():
    parser = argparse.ArgumentParser()
    add_recording_options(parser)
    options = parser.parse_args(["a.jsonl", "--import-id", "1126"])
    assert (options.path, options.import_id) == ("a.jsonl", "1126")
    assert parser.parse_args(["a.jsonl"]).import_id is None


@pytest.mark.parametrize(
    ("error", "status"),
    [(RecordingError("a.jsonl", "not JSON", 3), 9), (LocalProtocolError("no id"), 2), (InvalidArgument("no id"), 2)],
)
def test_an_error_is_one_line_and_an_exit_status(capsys, error, status):
    assert note_error(error) == status
    assert capsys.readouterr() == ("", f"spongewatch: {error}\n")


def test_a_truncated_line_is_noted_if_there_is_one(capsys):
    note_truncated("a.jsonl", None)
    assert capsys.readouterr().err == ""
    note_truncated("a.jsonl", 4)
    assert capsys.readouterr().err == "spongewatch: a.jsonl: line 4 (the last) is truncated and was ignored\n"

import argparse

import pytest

from spongewatch import LocalProtocolError
from spongewatch.adapters.cli.recording_options import add_recording_options, note_truncated, refused
from spongewatch.transports import RecordingError


def test_a_path_is_taken_and_an_import_may_be():
    parser = argparse.ArgumentParser()
    add_recording_options(parser)
    options = parser.parse_args(["a.jsonl", "--import-id", "1126"])
    assert (options.path, options.import_id) == ("a.jsonl", "1126")
    assert parser.parse_args(["a.jsonl"]).import_id is None


@pytest.mark.parametrize(
    ("error", "status"), [(RecordingError("a.jsonl", "not JSON", 3), 9), (LocalProtocolError("no id"), 2)]
)
def test_what_is_refused_is_said_and_has_its_status(capsys, error, status):
    assert refused(error) == status
    assert capsys.readouterr() == ("", f"spongewatch: {error}\n")


def test_a_torn_line_is_said_where_there_is_one(capsys):
    note_truncated("a.jsonl", None)
    assert capsys.readouterr().err == ""
    note_truncated("a.jsonl", 4)
    assert capsys.readouterr().err == "spongewatch: a.jsonl: line 4, the last, is truncated and was ignored\n"

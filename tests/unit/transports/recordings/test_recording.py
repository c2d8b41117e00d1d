import pickle
from pathlib import Path

from spongewatch import LocalProtocolError
from spongewatch.transports.recordings.recording import RecordingError


def test_an_error_names_the_file_and_the_line():
    error = RecordingError(Path("a\x1b.jsonl"), "not valid JSON", 3)
    assert str(error) == "a\\x1b.jsonl: line 3: not valid JSON"
    assert error.problem == "line 3: not valid JSON"
    assert isinstance(error, LocalProtocolError)


def test_an_error_can_be_pickled():
    error = RecordingError("x", "not valid JSON", 3)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_error_without_a_line_names_the_file():
    assert str(RecordingError("x", "no such file")) == "x: no such file"

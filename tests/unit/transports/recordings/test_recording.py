import pickle
from pathlib import Path

from spongewatch import LocalProtocolError
from spongewatch.transports.recordings.recording import RecordingError


def test_an_error_names_the_file_and_the_line():
    error = RecordingError(Path("a\x1b.jsonl"), "is not JSON", 3)
    assert str(error) == "a\\x1b.jsonl: line 3: is not JSON"
    assert error.problem == "line 3: is not JSON"
    assert isinstance(error, LocalProtocolError)


def test_an_error_can_be_pickled():
    error = RecordingError("x", "is not JSON", 3)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_without_a_line_it_names_the_file():
    assert str(RecordingError("x", "there is no such file")) == "x: there is no such file"

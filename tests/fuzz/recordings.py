"""A recording in a file, and what holds of whatever lies there: used by the targets that read files."""

import atexit
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from spongewatch import Ended, Response
from spongewatch.transports import Recording, RecordingError, open_recording, replay
from spongewatch.transports.recordings.recording import Exchange
from spongewatch.transports.recordings.trace_lines import TraceLines

from .oracles import is_for_people, joins_up, lines_of, texts_are_for_people

FOLDER = Path(mkdtemp(prefix="spongewatch-fuzz-"))
atexit.register(rmtree, FOLDER, ignore_errors=True)


def played(content: bytes) -> str | None:
    """The trace to which the recording is converted, None where it is none; both tell the same."""
    file = FOLDER / "x"
    file.write_bytes(content)
    try:
        watch = replay(file)
    except RecordingError as error:
        is_for_people(error)
        return None
    told = list(watch)
    assert isinstance(told[-1], Ended)
    assert joins_up(told) is watch.session.state
    lines = lines_of(told)
    for item in told:
        texts_are_for_people(item)
    broken = watch.transport.broken
    if broken:
        is_for_people(broken)
    _entries_hold(open_recording(file))
    try:
        converted = "".join(TraceLines(open_recording(file)))
    except RecordingError as error:
        assert broken is None or str(error) == str(broken)  # which the replay need not have reached
        return None
    again = FOLDER / "converted"
    again.write_text(converted)
    assert lines_of(list(replay(again))) == lines
    assert "".join(TraceLines(open_recording(again))) == converted
    return converted


def _entries_hold(recording: Recording) -> None:
    """What is read is what a watch can have been, as far as it can be read."""
    over = False
    with suppress(RecordingError):
        for entry in recording.entries():
            assert not over, "an entry after the last one"
            over = not isinstance(entry, Exchange)
            if isinstance(entry, Exchange):
                assert 0 <= entry.sent <= entry.received <= 2e9
                assert entry.received == round(entry.received, 3)
                if isinstance(entry.response, Response):
                    assert all(name == name.lower() for name in entry.response.headers)

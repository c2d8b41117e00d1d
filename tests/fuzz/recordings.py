"""Replay and convert any file, and check what holds for every recording."""

import atexit
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from spongewatch import Ended, Response
from spongewatch.transports import Recording, RecordingError, open_recording, replay
from spongewatch.transports.recordings.recording import Exchange
from spongewatch.transports.recordings.trace_lines import TraceLines

from .oracles import forms_a_path, is_printable_line, lines_of, texts_are_printable

FOLDER = Path(mkdtemp(prefix="spongewatch-fuzz-"))
atexit.register(rmtree, FOLDER, ignore_errors=True)


def played(content: bytes) -> str | None:
    """Return the trace converted from the recording, which replays the same; None if the file isn't a recording."""
    file = FOLDER / "x"
    file.write_bytes(content)
    try:
        watch = replay(file)
    except RecordingError as error:
        is_printable_line(error)
        return None
    emitted = list(watch)
    assert isinstance(emitted[-1], Ended)
    assert forms_a_path(emitted) is watch.session.state
    lines = lines_of(emitted)
    for item in emitted:
        texts_are_printable(item)
    broken = watch.transport.broken
    if broken:
        is_printable_line(broken)
    _entries_hold(open_recording(file))
    try:
        converted = "".join(TraceLines(open_recording(file)))
    except RecordingError as error:
        assert broken is None or str(error) == str(broken)  # the replay may not have reached it
        return None
    again = FOLDER / "converted"
    again.write_text(converted)
    assert lines_of(list(replay(again))) == lines
    assert "".join(TraceLines(open_recording(again))) == converted
    return converted


def _entries_hold(recording: Recording) -> None:
    """Check that the entries are possible in a watch, up to the first that can't be read."""
    over = False
    with suppress(RecordingError):
        for entry in recording.entries():
            assert not over, "an entry after the end"
            over = not isinstance(entry, Exchange)
            if isinstance(entry, Exchange):
                assert 0 <= entry.sent <= entry.received <= 2e9
                assert entry.received == round(entry.received, 3)
                if isinstance(entry.response, Response):
                    assert all(name == name.lower() for name in entry.response.headers)

"""What lies at a path, told by its content: a trace, a HAR, a cassette, one body, or a folder of bodies."""

import json
import os
import re
import stat
from os import PathLike
from pathlib import Path
from typing import Final

from spongewatch import LocalProtocolError, RemoteProtocolError, decode, import_id_text, is_import_id, shown

from .bodies import Bodies
from .captured import MAX_FILE
from .har import is_har, read_har
from .recording import Recording, RecordingError
from .trace import MAX_LINE, Trace, is_trace
from .vcr import is_cassette, is_yaml_cassette, read_cassette, read_yaml_cassette

_MAX_PIECES: Final = 1_500_000
"""Commas and opening brackets of JSON that is read as a whole: each may take some hundred bytes of memory."""

_JSON = re.compile(rb"[\xef\xbb\xbf\xfe\xff\x00 \t\r\n]*\{")


def open_recording(path: str | PathLike[str], import_id: str | int | None = None) -> Recording:
    """The recording at `path`: a trace, a HAR, a cassette of vcrpy or vcr, a file with one body, a folder of those.

    They are told apart by content. `import_id` is the import that is wanted, where a file of another tool holds
    several; bodies and traces that name none are taken to be its. Raises `RecordingError` for what is none of
    them, or is another import's, and `LocalProtocolError` for an `import_id` that no import has.

    >>> open_recording("docs/traces/completes.jsonl").import_id
    '1126'
    """
    wanted = None if import_id is None else import_id_text(import_id)
    if wanted is not None and not is_import_id(wanted):
        raise LocalProtocolError(f"{shown(wanted)} is no import id such as 1126")
    recording = _recording(path, wanted)
    if wanted is not None and recording.import_id not in (None, wanted):
        raise RecordingError(path, f"is of import {recording.import_id}, not {wanted}")
    recording.import_id = recording.import_id or wanted
    return recording


def _recording(path: str | PathLike[str], import_id: str | None) -> Recording:
    file = Path(path)
    try:
        mode = os.stat(path).st_mode  # of the path as given: an empty one is no folder
        if stat.S_ISDIR(mode):
            return Bodies.in_folder(file)
        if not stat.S_ISREG(mode):
            raise RecordingError(file, "is no file or folder")
        with file.open("rb") as stream:
            if is_trace(stream.readline(MAX_LINE)):
                return Trace(file)
            stream.seek(0)
            content = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise RecordingError(path, f"can't be read: {error.strerror}") from None
    except ValueError:
        raise RecordingError(path, "is no path") from None
    return _foreign(file, content, import_id)


def _foreign(file: Path, content: bytes, import_id: str | None) -> Recording:
    if len(content) > MAX_FILE:
        raise RecordingError(file, f"is no trace, and a file of another kind has at most {MAX_FILE:,} bytes")
    if is_yaml_cassette(content):
        return read_yaml_cassette(file, content, import_id)
    obj = _json_object(file, content)
    if is_har(obj):
        return read_har(file, obj, import_id)
    if is_cassette(obj):
        return read_cassette(file, obj, import_id)
    try:
        decode(content)
    except RemoteProtocolError as error:
        problem = f"is neither a trace, a HAR, a cassette nor an answer of the service: {error}"
        raise RecordingError(file, problem) from None
    return Bodies([file])


def _json_object(file: Path, content: bytes) -> object:
    """What the file holds, None where that is not JSON."""
    if not _JSON.match(content):
        return None
    if sum(map(content.count, (b",", b"[", b"{"))) > _MAX_PIECES:
        raise RecordingError(file, f"is no trace, and JSON of another kind has at most {_MAX_PIECES:,} values")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None

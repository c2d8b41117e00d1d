"""Open a recording of any kind: a trace, a HAR, a cassette, one body, or a folder of bodies."""

import json
import os
import re
import stat
from os import PathLike
from pathlib import Path
from typing import Final

from ...core import RemoteProtocolError, decode
from ...core._shared import checked_import_id
from .foreign.body_files import Bodies
from .foreign.captured import MAX_FILE
from .foreign.har import is_har, read_har
from .foreign.jsonp import without_jsonp
from .foreign.polls import MAX_BODIES
from .foreign.unread import unread_bytes, unread_object
from .foreign.vcr import is_cassette, is_yaml_cassette, read_cassette, read_yaml_cassette
from .recording import Recording, RecordingError
from .trace import MAX_LINE, Trace, is_trace

_MAX_PIECES: Final = 1_500_000
"""Commas and opening brackets in JSON that is parsed as a whole; each may take a few hundred bytes of memory."""

_ANY_BODIES: Final = 256 * 1024
_INFLATION: Final = 100
"""Inflated bytes per byte of the file, beyond the first 256 KiB, so that a small file is always read quickly."""

_JSON = re.compile(rb"[\xef\xbb\xbf\xfe\xff\x00 \t\r\n]*[\[{]")


def open_recording(path: str | PathLike[str], import_id: str | int | None = None) -> Recording:
    """Open the recording at `path`, whose format is recognized by its content.

    Args:
        path: A trace, a HAR, a cassette, a file with one response body, or a folder of such files.
        import_id: The import to read, for files of other tools that hold several. Bodies and traces that name no
            import are taken to be of this one. By default there has to be only one.

    Raises:
        RecordingError: The file can't be read, is of another format, or is of another import.
        InvalidArgument: `import_id` is not a valid import id.
        InvalidType: `import_id` is neither a str nor an int.

    >>> open_recording("docs/traces/completes.jsonl").import_id
    '1126'
    """
    wanted = None if import_id is None else checked_import_id(import_id)
    recording = _recording(path, wanted)
    if wanted is not None and recording.import_id not in (None, wanted):
        raise RecordingError(path, f"contains import {recording.import_id}, not {wanted}")
    recording.import_id = recording.import_id or wanted
    return recording


def _recording(path: str | PathLike[str], import_id: str | None) -> Recording:
    file = Path(path)
    try:
        mode = os.stat(path).st_mode  # not of `file`: Path("") is the current folder
        if stat.S_ISDIR(mode):
            return Bodies.in_folder(file)
        if not stat.S_ISREG(mode):
            raise RecordingError(file, "is not a file or folder")
        with file.open("rb") as stream:
            if is_trace(stream.readline(MAX_LINE)):
                return Trace(file)
            stream.seek(0)
            content = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise RecordingError(path, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise RecordingError(path, "is not a valid path") from None
    return _foreign(file, content, import_id)


def _foreign(file: Path, content: bytes, import_id: str | None) -> Recording:
    if len(content) > MAX_FILE:
        raise RecordingError(file, f"is not a trace, and files of other formats may have at most {MAX_FILE:,} bytes")
    max_bodies = min(MAX_BODIES, _ANY_BODIES + _INFLATION * len(content))
    if is_yaml_cassette(content):
        return read_yaml_cassette(file, content, import_id, max_bodies)
    obj = _json_value(file, content)
    problem = unread_object(obj)
    if is_har(obj):
        return read_har(file, obj, import_id, max_bodies)
    if is_cassette(obj) and not problem:
        return read_cassette(file, obj, import_id, max_bodies)
    problem = problem or unread_bytes(content)
    if not problem:
        try:
            decode(without_jsonp(content))
        except RemoteProtocolError as error:
            problem = f"is not a trace, a HAR, a cassette or a response of the service: {error}"
    if problem:
        raise RecordingError(file, problem)
    return Bodies([file])


def _json_value(file: Path, content: bytes) -> object:
    """Return what the file contains, None if it is not JSON."""
    if not _JSON.match(content):
        return None
    if sum(map(content.count, (b",", b"[", b"{"))) > _MAX_PIECES:
        raise RecordingError(file, f"is not a trace, and JSON of other formats may have at most {_MAX_PIECES:,} values")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None

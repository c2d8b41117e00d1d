"""`TraceWriter`: a watch as a trace in the native format, written while it runs.

Each line is whole by itself and one write, so that whatever kills the process leaves a trace that replays up
to its last whole line. What is written holds no url, no credentials and no header but three.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import final

from ...core import Credentials, Ended, ImportSession, LocalProtocolError, Response, TransportError
from ...core._shared import Redaction, outcome_words, shown
from ..unpicklable import Unpicklable
from .recording import End, RecordingError
from .resumed import standing
from .trace_lines import end_line, exchange_line, header_line


@final
class TraceWriter(Unpicklable):
    r"""Writes the polls of one watch to a new file, which only its owner may read.

    The credentials of the session are removed from responses and errors before they are written. If the file can't be
    written later, the watch goes on: recording stops, and `error` says why. The same happens in a forked process, since
    a trace belongs to one watch.

    A trace holds one import. `begin`, `exchange` and `end` raise `LocalProtocolError` for a session of another one,
    also after the first watch has ended. A resumed session of the same import continues the trace.

    Args:
        path: The file to create.
        secrets: More secrets to remove from responses and errors, for a loop whose session doesn't know them.

    Raises:
        RecordingError: The file exists or can't be created.
        InvalidType: `secrets` is neither `Credentials` nor an iterable of `str`.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    ...     with TraceWriter(f"{folder}/trace.jsonl", Credentials("key", "password")) as record:
    ...         steps = session.receive(Response(200, {}, b'{"events": []}'), now=0.2)
    ...         record.exchange(session, 0.0, Response(200, {}, b'{"events": []}'))
    ...     print(Path(folder, "trace.jsonl").read_text().splitlines()[1])
    {"t": 0.0, "took": 0.2, "status": 200, "headers": {}, "body": "{\"events\": []}"}
    """

    def __init__(self, path: str | os.PathLike[str], secrets: Credentials | Iterable[str] = ()) -> None:
        self.error: RecordingError | None = None
        self._path = Path(path)
        self._redaction = secrets.redaction if isinstance(secrets, Credentials) else Redaction(secrets)
        self._import_id: str | None = None  # of the session in the header, once that is written
        self._process = os.getpid()
        try:
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise RecordingError(path, f"can't be made: {error.strerror}") from None
        except ValueError:
            raise RecordingError(path, "is no path") from None

    def __enter__(self) -> "TraceWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exchange(self, session: ImportSession, sent: float, answer: Response | TransportError) -> None:
        """One poll, whose answer `session` has just received; `sent` is what its `elapsed` was when the request left.

        Raises `LocalProtocolError` for a time that is still to come.
        """
        if sent > session.elapsed:
            raise LocalProtocolError(f"sent is what session.elapsed was when the request left, not {shown(sent)}")
        self._begin_late(session)
        kept = self._redaction.for_import(session.import_id).clean(session.clean(answer))
        self._write(exchange_line(sent, session.elapsed - sent, kept))

    def end(self, session: ImportSession, ended: Ended) -> None:
        """How the watch ended."""
        self._begin_late(session)
        name, reason, detail = outcome_words(ended.outcome)
        self._write(end_line(End(ended.at, name, reason, detail or "")))

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def begin(self, session: ImportSession) -> None:
        """Write the header, once: before the first poll, or whatever kills it would leave nothing to replay.

        Where `session` is one that was resumed, the header says how it stood, so that a replay begins there too.
        """
        if self._is_new(session):
            self._write_header(session, standing(session))

    def _begin_late(self, session: ImportSession) -> None:
        """Where nobody has begun, the first poll has gone by, and nobody knows how the session stood before it."""
        if self._is_new(session):
            self._write_header(session, None)

    def _is_new(self, session: ImportSession) -> bool:
        """Whether no header is written; raises `LocalProtocolError` if it is that of another import."""
        if self._import_id is None:
            return True
        if self._import_id == session.import_id:
            return False
        raise LocalProtocolError(
            f"the TraceWriter records import {self._import_id}; record import {session.import_id} with another one"
        )

    def _write_header(self, session: ImportSession, resumed: Mapping[str, object] | None) -> None:
        self._import_id = session.import_id
        started = datetime.fromtimestamp(session.start, UTC).isoformat(timespec="milliseconds")
        header = header_line(session.import_id, session.policy, format=session.format, started=started, resumed=resumed)
        self._write(header)

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        if problem := self._problem_writing(line.encode(), self._file):
            self.error = RecordingError(self._path, f"can't be written any more: {problem}")
            self.close()

    def _problem_writing(self, data: bytes, file: int) -> str | None:
        if os.getpid() != self._process:
            return "its watch is that of another process"
        try:
            return None if os.write(file, data) == len(data) else "the disk is full"
        except OSError as error:
            return error.strerror

"""`TraceWriter`: records a watch as a trace while it runs.

Each line is a single write, so that a killed process leaves a trace that replays up to its last complete line. A trace
contains no URL, no credentials, and of the headers only `KEPT_HEADERS`.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import final

from ...core import Credentials, Ended, ImportSession, InvalidArgument, LocalProtocolError, Response, TransportError
from ...core._shared import Redaction, outcome_words, shown
from ..unpicklable import Unpicklable
from .recording import End, RecordingError
from .resumed_header import resumed_state
from .trace_lines import end_line, exchange_line, header_line


@final
class TraceWriter(Unpicklable):
    r"""Records the polls of one watch in a new file that only its owner can read.

    Pass it to `watch` as `record=`. The credentials of the session are removed from responses and errors before they
    are written. If writing fails later, recording stops and the watch goes on; the same happens in a forked process,
    since a trace belongs to one watch.

    A trace contains one import. `begin`, `exchange` and `end` raise `LocalProtocolError` for a session of another one,
    also after the first watch has ended. A session of the same import that is resumed in this process continues the
    trace; another process needs a new file.

    Args:
        path: The file to create.
        secrets: More secrets to remove from responses and errors, such as the credentials of a session that was made
            without any because the caller's transport adds them.

    Attributes:
        error: Why recording stopped, None while it works.

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
        self._import_id: str | None = None  # of the header, once it is written
        self._process = os.getpid()
        try:
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise RecordingError(path, f"cannot be created: {error.strerror}") from None
        except ValueError:
            raise RecordingError(path, "is not a valid path") from None

    def __enter__(self) -> "TraceWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, session: ImportSession) -> None:
        """Write the header if there is none yet.

        Call it before the first poll, so that a process that is killed during that poll leaves a trace. For a resumed
        session the header contains its state, from which a replay starts.

        Raises:
            LocalProtocolError: The trace is of another import.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, TraceWriter(f"{folder}/trace.jsonl") as record:
        ...     record.begin(ImportSession("1126", Credentials("key", "password"), now=0.0))
        ...     Path(folder, "trace.jsonl").read_text()[:47]
        '{"spongewatch-trace": 1, "import_id": "1126", "'
        """
        if self._is_new(session):
            self._write_header(session, resumed_state(session))

    def exchange(self, session: ImportSession, sent: float, response: Response | TransportError) -> None:
        """Write one poll; after `close`, do nothing.

        Only the headers `content-type`, `date` and `retry-after` are kept, and not more of a body than one byte beyond
        1 MiB, from which size on it is invalid.

        Args:
            session: The session, which has just received `response`.
            sent: `session.elapsed` when the request was sent, in seconds.
            response: The response, or the error in its place.

        Raises:
            InvalidArgument: `sent` is later than `session.elapsed`.
            LocalProtocolError: The trace is of another import.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, TraceWriter(f"{folder}/trace.jsonl") as record:
        ...     session, error = ImportSession("1126", None, now=0.0), TransportError("reset", "gone")
        ...     failed = session.receive_failure(error, now=0.2)
        ...     record.exchange(session, 0.0, error)
        ...     print(Path(folder, "trace.jsonl").read_text().splitlines()[1])
        {"t": 0.0, "took": 0.2, "error": "reset", "detail": "gone"}
        """
        if sent > session.elapsed:
            raise InvalidArgument(f"sent must be at most session.elapsed, not {shown(sent)}")
        self._begin_late(session)
        cleaned = self._redaction.for_import(session.import_id).clean(session.clean(response))
        self._write(exchange_line(sent, session.elapsed - sent, cleaned))

    def end(self, session: ImportSession, ended: Ended) -> None:
        """Write how the watch ended.

        Raises:
            LocalProtocolError: The trace is of another import.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, TraceWriter(f"{folder}/trace.jsonl") as record:
        ...     session = ImportSession("1126", None, now=0.0)
        ...     *_, ended = session.cancel(now=2.0)
        ...     record.end(session, ended)
        ...     print(Path(folder, "trace.jsonl").read_text().splitlines()[1])
        {"t": 2.0, "end": "cancelled"}
        """
        self._begin_late(session)
        name, reason, detail = outcome_words(ended.outcome)
        self._write(end_line(End(ended.at, name, reason, detail or "")))

    def close(self) -> None:
        """Close the file; may be called again.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     record = TraceWriter(f"{folder}/trace.jsonl")
        ...     record.close()
        """
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _begin_late(self, session: ImportSession) -> None:
        """Write the header without a state: `begin` was not called, so the state before the first poll is lost."""
        if self._is_new(session):
            self._write_header(session, None)

    def _is_new(self, session: ImportSession) -> bool:
        """Whether there is no header yet; raises if there is one of another import."""
        if self._import_id is None:
            return True
        if self._import_id == session.import_id:
            return False
        raise LocalProtocolError(
            f"this TraceWriter records import {self._import_id}; use another one for import {session.import_id}"
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
            self.error = RecordingError(self._path, f"recording stopped: {problem}")
            self.close()

    def _problem_writing(self, data: bytes, file: int) -> str | None:
        if os.getpid() != self._process:
            return "the process was forked"
        try:
            return None if os.write(file, data) == len(data) else "the disk is full"
        except OSError as error:
            return error.strerror

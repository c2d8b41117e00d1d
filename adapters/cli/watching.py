"""Watch an import over a `Connection`, as `spongewatch watch` and `spongewatch import` do."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...core import Cancelled, Credentials, InvalidArgument, Outcome, TimedOut
from ...transports import RecordingError, TraceWriter
from .connection import Connection
from .next_command import next_command
from .streams import data, follow, note
from .watch_options import add_options, session


@contextmanager
def new_record(file: str | None, credentials: Credentials) -> Iterator[TraceWriter | None]:
    """Open a new trace for `--record`; None if no file is given. If nothing is recorded, it is removed again.

    Raises:
        InvalidArgument: The file can't be created.
    """
    if file is None:
        yield None
        return
    try:
        writer = TraceWriter(file, credentials)
    except RecordingError as error:
        raise InvalidArgument(f"--record: {error}") from None
    try:
        with writer:
            yield writer
    finally:
        if not os.path.getsize(file):
            os.unlink(file)


def watch_import(
    options: argparse.Namespace,
    credentials: Credentials,
    connection: Connection,
    record: TraceWriter | None,
    *,
    show: Callable[[str], object] = data,
) -> Outcome:
    """Watch an import to its end, and return the outcome; a note on standard error explains how to continue.

    Args:
        options: The options of `spongewatch watch`.
        credentials: The credentials.
        connection: The connection to send with.
        record: Records the watch.
        show: Prints a line about the import.
    """
    watching = connection.watch(session(options, credentials, connection.clock.now()), record)
    ended = follow(watching, connection.clock, as_json=options.jsonl, quiet=options.quiet, show=show)
    if record and record.error:
        note(str(record.error))
    if isinstance(ended.outcome, Cancelled | TimedOut) and not options.quiet:
        # Not --record, because that file exists now.
        again = argparse.Namespace(**{**vars(options), "record": None})
        note(f"to continue watching, run: {next_command('watch', add_options, again, credentials)}")
    return ended.outcome

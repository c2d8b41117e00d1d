"""`spongewatch watch`: watch an import until it ends."""

import argparse
import shlex
from contextlib import ExitStack

from ....core import Cancelled, Credentials, SpongewatchError, TimedOut
from ....transports import RecordingError, SystemClock, TraceWriter, watch
from ...live.clocks import WatchClock
from ..credential_sources import find_credentials
from ..exit_status import USAGE, exit_status
from ..interruptible import InterruptibleTransport
from ..streams import follow, note, on_first_signal
from ..watch_options import DESCRIPTION, EPILOG, add_options, session

__all__ = ["DESCRIPTION", "EPILOG", "add_options", "run"]


def run(options: argparse.Namespace) -> int:
    """Watch the import and return the exit status."""
    try:
        return _watch(options)
    except RecordingError as error:
        note(f"--record: {error}")
    except SpongewatchError as error:
        note(str(error))
    return USAGE


def _watch(options: argparse.Namespace) -> int:
    from ....transports import Urllib3Transport  # slow to load

    clock = WatchClock(SystemClock())
    session(options, None, clock.now())  # reports wrong options before missing credentials
    credentials = find_credentials(options.credentials, options.base_url)
    new = session(options, credentials, clock.now())
    with ExitStack() as stack:
        sender = stack.enter_context(Urllib3Transport(connections=1))
        transport = stack.enter_context(InterruptibleTransport(sender))
        record = None
        if options.record is not None:
            record = stack.enter_context(TraceWriter(options.record, credentials))
        watching = watch(new, transport, record=record, clock=clock)

        def cancel() -> None:
            watching.cancel()
            transport.interrupt()

        with on_first_signal(cancel) as signals:
            ended = follow(watching, clock, as_json=options.jsonl, quiet=options.quiet)
        if record and record.error:
            note(str(record.error))
    if isinstance(ended.outcome, Cancelled | TimedOut) and not options.quiet:
        note(f"to continue watching, run: {_same_command(options, credentials)}")
    return 128 + signals[0] if signals and isinstance(ended.outcome, Cancelled) else exit_status(ended.outcome)


def _same_command(options: argparse.Namespace, credentials: Credentials) -> str:
    """The command with these options, except `--record`, because that file exists now."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    defaults = vars(parser.parse_args(["0"]))
    given: list[str] = []
    for name, default in defaults.items():
        value = getattr(options, name)
        if value != default and name not in ("import_id", "record"):
            given += _typed(f"--{name.replace('_', '-')}", value, credentials)
    import_id = credentials.redaction.text(options.import_id)
    words = [*given, "--", import_id] if import_id.startswith("-") else [import_id, *given]
    return shlex.join(["spongewatch", "watch", *words])


def _typed(option: str, value: object, credentials: Credentials) -> list[str]:
    if value is True:
        return [option]
    word = "none" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
    word = credentials.redaction.text(word)
    return [f"{option}={word}"] if word.startswith("-") else [option, word]

"""`spongewatch watch`: an import of the service, followed until it ends."""

import argparse
from contextlib import ExitStack

from spongewatch import PUBLIC_SERVICE, Cancelled, Credentials, ImportSession, LocalProtocolError, PollPolicy
from spongewatch.transports import RecordingError, SystemClock, TraceWriter, watch

from .credential_sources import KEY_VARIABLE, PASSWORD_VARIABLE, find_credentials
from .exit_status import USAGE, exit_status
from .options import seconds, seconds_or_none
from .streams import note, on_first_signal, write

_BUDGETS = {
    "consent-timeout": "in which the person has to consent",
    "gathering-timeout": "in which the contacts have to be gathered",
    "lost-contact-timeout": "without a good answer before contact counts as lost",
    "timeout": "for the watch as a whole",
}


NAME = "watch"
SUMMARY = "follow an import until it ends"
DESCRIPTION = "Follow an import of the service until it ends: one line for each change."
EPILOG = f"""\
credentials, in the order in which they are looked for:
  --credentials FILE
  {KEY_VARIABLE} and {PASSWORD_VARIABLE} in the environment
  netrc (the file that NETRC names, else ~/.netrc), for exactly the service's host

example:
  spongewatch watch 89708927 --timeout 600 --record import.jsonl
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    usual = PollPolicy()
    parser.add_argument(
        "import_id",
        metavar="IMPORT_ID",
        help="as the call to begin the import gave it; behind -- if it starts with a dash",
    )
    parser.add_argument("--credentials", metavar="FILE", help="key:password on one line; - for standard input")
    parser.add_argument("--base-url", metavar="URL", default=PUBLIC_SERVICE, help=f"instead of {PUBLIC_SERVICE}")
    parser.add_argument("--format", choices=("json", "xml"), default="json", help="of the answers (json)")
    parser.add_argument("--auth", choices=("basic", "query"), default="basic", help="how credentials are sent (basic)")
    parser.add_argument("--echo", metavar="TEXT", help="a text that the service hands back")
    parser.add_argument("--interval", type=seconds, metavar="S", default=usual.interval, help="between polls (1)")
    parser.add_argument(
        "--request-timeout", type=seconds, metavar="S", default=usual.request_timeout, help="for one poll (10)"
    )
    for name, meaning in _BUDGETS.items():
        value = getattr(usual, name.replace("-", "_"))
        usually = "(none)" if value is None else f"({value:g}), or none"
        parser.add_argument(f"--{name}", type=seconds_or_none, metavar="S", default=value, help=f"{meaning} {usually}")
    parser.add_argument("--record", metavar="FILE", help="write a trace of the watch to a new file")
    parser.add_argument("--insecure-http", action="store_true", help="allow plain http to another machine")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--jsonl", action="store_true", help="one JSON object a line instead of plain text")
    shape.add_argument("--quiet", action="store_true", help="nothing but errors and the exit status")


def run(options: argparse.Namespace) -> int:
    """Watch the import; gives the exit status."""
    try:
        return _watch(options)
    except RecordingError as error:
        note(f"--record: {error}")
    except LocalProtocolError as error:
        note(str(error))
    return USAGE


def _watch(options: argparse.Namespace) -> int:
    from spongewatch.transports import Urllib3Transport  # which takes long to load, for this command alone

    clock = SystemClock()
    _session(options, None, clock.now())  # what was typed is checked before credentials are looked for
    credentials = find_credentials(options.credentials, options.base_url)
    session = _session(options, credentials, clock.now())
    with ExitStack() as stack:
        transport = stack.enter_context(Urllib3Transport(connections=1))
        record = None
        if options.record is not None:
            record = stack.enter_context(TraceWriter(options.record, credentials))
        watching = watch(session, transport, record=record, clock=clock)
        with on_first_signal(watching.cancel) as signals:
            ended = write(watching, as_json=options.jsonl, quiet=options.quiet)
        if record and record.error:
            note(str(record.error))
    return 128 + signals[0] if signals and isinstance(ended.outcome, Cancelled) else exit_status(ended.outcome)


def _session(options: argparse.Namespace, credentials: Credentials | None, now: float) -> ImportSession:
    policy = PollPolicy(
        interval=options.interval,
        request_timeout=options.request_timeout,
        consent_timeout=options.consent_timeout,
        gathering_timeout=options.gathering_timeout,
        lost_contact_timeout=options.lost_contact_timeout,
        timeout=options.timeout,
    )
    return ImportSession(
        options.import_id,
        credentials,
        now=now,
        base_url=options.base_url,
        format=options.format,
        auth=options.auth,
        echo=options.echo,
        policy=policy,
        insecure_http=options.insecure_http,
    )

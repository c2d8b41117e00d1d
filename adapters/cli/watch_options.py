"""The options of `spongewatch watch`, and the session that they describe."""

import argparse
from typing import Final, get_args

from ...core import Credentials, ImportSession, InvalidArgument, PollPolicy, is_import_id
from ...core._shared import Format
from .options import one_of, seconds, seconds_or_none, trace_file
from .service_options import CREDENTIALS_HELP, add_service_options, check_base_url, naming_options

DESCRIPTION = """\
Watch an import until it ends. A terminal shows its current state in a block; a pipe or file gets one line for
each change."""
EPILOG = f"""\
{CREDENTIALS_HELP}
example:
  spongewatch watch 89708927
  spongewatch watch 89708927 --timeout 600 --record import.jsonl
  spongewatch watch 89708927 --jsonl | tail -n 1
"""

_FORMATS: tuple[str, ...] = get_args(Format)
_BUDGETS: Final = {
    "consent-timeout": "how long to wait for the person's consent",
    "gathering-timeout": "how long to wait for the contacts to be gathered",
    "lost-contact-timeout": "how long to go on without a valid response",
    "timeout": "how long to watch in total",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_import_id(parser)
    service = parser.add_argument_group("service")
    add_service_options(service)
    service.add_argument(
        "--format",
        type=one_of(_FORMATS),
        choices=_FORMATS,
        default="json",
        help="format of the responses (default json)",
    )
    service.add_argument("--echo", metavar="TEXT", help="text that the service includes in its responses")
    add_times(parser)
    output = parser.add_argument_group("output")
    add_record(output)
    shape = output.add_mutually_exclusive_group()
    shape.add_argument("--jsonl", action="store_true", help="print one JSON object per line")
    shape.add_argument("--quiet", action="store_true", help="print only errors")


def add_import_id(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the import."""
    parser.add_argument(
        "import_id",
        metavar="IMPORT_ID",
        help="the id that CloudSponge returned when the import began; after -- if it starts with a dash",
    )


def add_times(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a `PollPolicy`."""
    default = PollPolicy()
    polls = parser.add_argument_group("polls, in seconds")
    polls.add_argument(
        "--interval",
        type=seconds,
        metavar="S",
        default=default.interval,
        help=f"least time between two polls, at least 1 at CloudSponge itself (default {default.interval:g})",
    )
    polls.add_argument(
        "--request-timeout",
        type=seconds,
        metavar="S",
        default=default.request_timeout,
        help=f"how long one poll may take (default {default.request_timeout:g})",
    )
    budgets = parser.add_argument_group("time budgets, in seconds (none: no limit)")
    for name, meaning in _BUDGETS.items():
        value = getattr(default, name.replace("-", "_"))
        shown = "none" if value is None else f"{value:g}"
        budgets.add_argument(
            f"--{name}", type=seconds_or_none, metavar="S", default=value, help=f"{meaning} (default {shown})"
        )


def add_record(group: argparse._ArgumentGroup) -> None:
    """Add the option that names a trace to record."""
    group.add_argument(
        "--record", type=trace_file, metavar="FILE", help="record a trace to a new file that only you can read"
    )


def check_import_id(import_id: str) -> None:
    """Raise `InvalidArgument` if the argument is not an import id."""
    if not is_import_id(import_id):  # not repeated: it may be the credentials
        raise InvalidArgument(
            "IMPORT_ID must be 1 to 64 letters, digits, dashes or underscores, without a leading zero"
        )


def session(options: argparse.Namespace, credentials: Credentials | None, now: float) -> ImportSession:
    """Return the session that `options` describe; `now` is the time on its clock.

    Raises:
        InvalidArgument: The options don't fit together or the service; the message names the option.
    """
    check_import_id(options.import_id)
    check_base_url(options)
    with naming_options():
        return ImportSession(
            options.import_id,
            credentials,
            now=now,
            base_url=options.base_url,
            format=options.format,
            auth=options.auth,
            echo=options.echo,
            policy=_policy(options),
            insecure_http=options.insecure_http,
        )


def _policy(options: argparse.Namespace) -> PollPolicy:
    return PollPolicy(
        interval=options.interval,
        request_timeout=options.request_timeout,
        consent_timeout=options.consent_timeout,
        gathering_timeout=options.gathering_timeout,
        lost_contact_timeout=options.lost_contact_timeout,
        timeout=options.timeout,
    )

"""The options of `spongewatch watch`, and the session that they describe."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import get_args

from ...core import (
    PUBLIC_SERVICE,
    Credentials,
    ImportSession,
    InvalidArgument,
    PollPolicy,
    SpongewatchError,
    is_import_id,
)
from ...core._shared import Auth, Format
from .credential_sources import KEY_VARIABLE, PASSWORD_VARIABLE
from .options import one_of, seconds, seconds_or_none, trace_file

DESCRIPTION = """\
Watch an import until it ends. A terminal shows its current state in a block; a pipe or file gets one line for
each change."""
EPILOG = f"""\
credentials are taken from the first of these that is set:
  --credentials FILE
  the environment variables {KEY_VARIABLE} and {PASSWORD_VARIABLE}
  the entry for the service's host in the file that NETRC names, or in ~/.netrc

example:
  spongewatch watch 89708927
  spongewatch watch 89708927 --timeout 600 --record import.jsonl
  spongewatch watch 89708927 --jsonl | tail -n 1
"""

_FORMATS: tuple[str, ...] = get_args(Format)
_AUTHS: tuple[str, ...] = get_args(Auth)
_BUDGETS = {
    "consent-timeout": "how long to wait for the person's consent",
    "gathering-timeout": "how long to wait for the contacts to be gathered",
    "lost-contact-timeout": "how long to go on without a valid response",
    "timeout": "how long to watch in total",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "import_id",
        metavar="IMPORT_ID",
        help="the id that CloudSponge returned when the import began; after -- if it starts with a dash",
    )
    _add_service(parser.add_argument_group("service"))
    _add_times(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--record", type=trace_file, metavar="FILE", help="record a trace to a new file that only you can read"
    )
    shape = output.add_mutually_exclusive_group()
    shape.add_argument("--jsonl", action="store_true", help="print one JSON object per line")
    shape.add_argument("--quiet", action="store_true", help="print only errors")


def session(options: argparse.Namespace, credentials: Credentials | None, now: float) -> ImportSession:
    """Return the session that `options` describe; `now` is the time on its clock.

    Raises:
        InvalidArgument: The options don't fit together or the service; the message names the option.
    """
    if not is_import_id(options.import_id):  # not repeated: it may be the credentials
        raise InvalidArgument(
            "IMPORT_ID must be 1 to 64 letters, digits, dashes or underscores, without a leading zero"
        )
    new = partial(ImportSession, options.import_id, credentials, now=now, format=options.format, auth=options.auth)
    new = partial(new, base_url=options.base_url)
    with _naming("--base-url"):
        new(insecure_http=True)
    try:
        new(insecure_http=options.insecure_http)
    except SpongewatchError:  # plain http is all that can still be wrong
        raise InvalidArgument(
            "--base-url must use https, since http exposes the password to everyone on the network; "
            "add --insecure-http to use it anyway"
        ) from None
    new = partial(new, insecure_http=options.insecure_http, echo=options.echo)
    with _naming("--echo"):
        new()
    with _naming("--interval"):  # it may conflict with another time or with the limit of the service
        return new(policy=_policy(options))


def _add_service(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--credentials", metavar="FILE", help="a file with key:password on one line; - for standard input"
    )
    group.add_argument(
        "--base-url",
        metavar="URL",
        default=PUBLIC_SERVICE,
        help=f"where the service is; http only for this machine (default {PUBLIC_SERVICE})",
    )
    group.add_argument(
        "--insecure-http", action="store_true", help="allow http to other machines, which exposes the password"
    )
    group.add_argument(
        "--format",
        type=one_of(_FORMATS),
        choices=_FORMATS,
        default="json",
        help="format of the responses (default json)",
    )
    group.add_argument(
        "--auth",
        type=one_of(_AUTHS),
        choices=_AUTHS,
        default="basic",
        help="how to send the credentials; query leaks them into logs (default basic)",
    )
    group.add_argument("--echo", metavar="TEXT", help="text that the service includes in its responses")


def _add_times(parser: argparse.ArgumentParser) -> None:
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


@contextmanager
def _naming(option: str) -> Iterator[None]:
    """Turns an error of the session into one that names `option` in place of the parameter."""
    try:
        yield
    except SpongewatchError as error:
        message = str(error).removeprefix(f"{option[2:].replace('-', '_')} ")
        raise InvalidArgument(f"{option}{' ' if message != str(error) else ': '}{message}") from None


def _policy(options: argparse.Namespace) -> PollPolicy:
    return PollPolicy(
        interval=options.interval,
        request_timeout=options.request_timeout,
        consent_timeout=options.consent_timeout,
        gathering_timeout=options.gathering_timeout,
        lost_contact_timeout=options.lost_contact_timeout,
        timeout=options.timeout,
    )

"""The options of `spongewatch watch`, and the session that they ask for."""

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
    InvalidType,
    LocalProtocolError,
    PollPolicy,
    is_import_id,
)
from ...core._shared import Auth, Format
from .credential_sources import KEY_VARIABLE, PASSWORD_VARIABLE
from .options import one_of, seconds, seconds_or_none, trace_file

DESCRIPTION = """\
Follow an import of the service until it ends: on a terminal as a block that shows where it stands,
elsewhere with one line for each change."""
EPILOG = f"""\
credentials, in the order in which they are looked for:
  --credentials FILE
  {KEY_VARIABLE} and {PASSWORD_VARIABLE} in the environment
  netrc (the file that NETRC names, else ~/.netrc), for exactly the service's host

example:
  spongewatch watch 89708927
  spongewatch watch 89708927 --timeout 600 --record import.jsonl
  spongewatch watch 89708927 --jsonl | tail -n 1
"""

_FORMATS: tuple[str, ...] = get_args(Format)
_AUTHS: tuple[str, ...] = get_args(Auth)
_BUDGETS = {
    "consent-timeout": "in which the person has to consent",
    "gathering-timeout": "in which the contacts have to be gathered",
    "lost-contact-timeout": "without a good answer, until contact counts as lost",
    "timeout": "for the watch as a whole",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "import_id",
        metavar="IMPORT_ID",
        help="as the call to begin the import gave it; behind -- if it starts with a dash",
    )
    _add_service(parser.add_argument_group("service"))
    _add_times(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--record", type=trace_file, metavar="FILE", help="write a trace to a new file, which only you may read"
    )
    shape = output.add_mutually_exclusive_group()
    shape.add_argument("--jsonl", action="store_true", help="one JSON object a line instead of plain text")
    shape.add_argument("--quiet", action="store_true", help="nothing but errors and the exit status")


def session(options: argparse.Namespace, credentials: Credentials | None, now: float) -> ImportSession:
    """The session that `options` ask for; raises `LocalProtocolError`, which names the option that is at fault."""
    asked = partial(ImportSession, options.import_id, credentials, now=now, format=options.format, auth=options.auth)
    if not is_import_id(options.import_id):  # without what was typed there: it may be the credentials
        raise LocalProtocolError(
            "IMPORT_ID: an import id is 1 to 64 letters, digits, dashes and underscores, without a leading zero"
        )
    asked = partial(asked, base_url=options.base_url)
    with _naming("--base-url"):
        asked(insecure_http=True)
    asked = partial(asked, insecure_http=options.insecure_http)
    with _naming("--base-url"):
        asked()
    with _naming("--echo"):
        asked = partial(asked, echo=options.echo)
        asked()
    with _naming("--interval"):  # which has to go with another time, or with the service
        return asked(policy=_policy(options))


def _add_service(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--credentials", metavar="FILE", help="key:password on one line; - for standard input")
    group.add_argument(
        "--base-url",
        metavar="URL",
        default=PUBLIC_SERVICE,
        help=f"https, or http to this machine (default {PUBLIC_SERVICE})",
    )
    group.add_argument("--insecure-http", action="store_true", help="allow plain http to another machine")
    group.add_argument(
        "--format", type=one_of(_FORMATS), choices=_FORMATS, default="json", help="of the answers (default json)"
    )
    group.add_argument(
        "--auth", type=one_of(_AUTHS), choices=_AUTHS, default="basic", help="how credentials are sent (default basic)"
    )
    group.add_argument("--echo", metavar="TEXT", help="a text that the service hands back")


def _add_times(parser: argparse.ArgumentParser) -> None:
    usual = PollPolicy()
    polls = parser.add_argument_group("polls, in seconds")
    polls.add_argument(
        "--interval",
        type=seconds,
        metavar="S",
        default=usual.interval,
        help=f"between two, at least 1 at CloudSponge itself (default {usual.interval:g})",
    )
    polls.add_argument(
        "--request-timeout",
        type=seconds,
        metavar="S",
        default=usual.request_timeout,
        help=f"for one, as a whole (default {usual.request_timeout:g})",
    )
    budgets = parser.add_argument_group("time budgets, in seconds, or none for no limit")
    for name, meaning in _BUDGETS.items():
        value = getattr(usual, name.replace("-", "_"))
        usually = "none" if value is None else f"{value:g}"
        budgets.add_argument(
            f"--{name}", type=seconds_or_none, metavar="S", default=value, help=f"{meaning} (default {usually})"
        )


@contextmanager
def _naming(option: str) -> Iterator[None]:
    try:
        yield
    except (InvalidArgument, InvalidType, LocalProtocolError) as error:
        problem = str(error).replace("insecure_http=True", "--insecure-http")
        raise LocalProtocolError(f"{option}: {problem}") from None


def _policy(options: argparse.Namespace) -> PollPolicy:
    return PollPolicy(
        interval=options.interval,
        request_timeout=options.request_timeout,
        consent_timeout=options.consent_timeout,
        gathering_timeout=options.gathering_timeout,
        lost_contact_timeout=options.lost_contact_timeout,
        timeout=options.timeout,
    )

"""The options that all commands share that send requests: where the service is, and the credentials for it."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, get_args

from ...core import PUBLIC_SERVICE, InvalidArgument, SpongewatchError
from ...core._shared import Auth, checked_base_url, hidden_url
from ..client.settings import KEY_VARIABLE, PASSWORD_VARIABLE
from .options import one_of

CREDENTIALS_HELP: Final = f"""\
credentials are taken from the first of these that is set:
  --credentials FILE
  the environment variables {KEY_VARIABLE} and {PASSWORD_VARIABLE}
  the entry for the service's host in the file that NETRC names, or in ~/.netrc
"""
_AUTHS: tuple[str, ...] = get_args(Auth)
_NAMES: Final = {"service": "SERVICE"}
"""Parameters that are not options but positional arguments."""


def add_service_options(group: argparse._ArgumentGroup) -> None:
    """Add the options to a group."""
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
        "--auth",
        type=one_of(_AUTHS),
        choices=_AUTHS,
        default="basic",
        help="how to send the credentials; query leaks them into logs (default basic)",
    )


def check_base_url(options: argparse.Namespace) -> None:
    """Check `--base-url`.

    Raises:
        InvalidArgument: It can't be used; the message names the option.
    """
    url = hidden_url(options.base_url)
    with naming_options():
        checked_base_url(url, insecure_http=True)
    try:
        checked_base_url(url, insecure_http=options.insecure_http)
    except SpongewatchError:  # plain http is all that can still be wrong
        raise InvalidArgument(
            "--base-url must use https, since http exposes the password to everyone on the network; "
            "add --insecure-http to use it anyway"
        ) from None


@contextmanager
def naming_options() -> Iterator[None]:
    """Turn an error about a parameter into one about the option of that name.

    >>> with naming_options():
    ...     raise InvalidArgument("user_id must not be empty")
    Traceback (most recent call last):
    spongewatch.core.errors.InvalidArgument: --user-id must not be empty
    """
    try:
        yield
    except SpongewatchError as error:
        parameter, _, problem = str(error).partition(" ")
        option = _NAMES.get(parameter, f"--{parameter.replace('_', '-')}")
        raise InvalidArgument(f"{option} {problem}") from None

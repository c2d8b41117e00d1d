"""The options that describe a new import, and step 1 over a `Connection`."""

import argparse
import webbrowser
from typing import Any

from ...core import BegunImport, Credentials, begin_request
from ...core._shared import is_consent_url
from .connection import Connection
from .credential_sources import PROVIDER_VARIABLE
from .service_options import check_base_url, naming_options
from .streams import note


def add_begin_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that describe a new import."""
    parser.add_argument(
        "service", metavar="SERVICE", help="the provider of the address book, such as gmail, yahoo or icloud"
    )
    group = parser.add_argument_group("import")
    group.add_argument(
        "--include", metavar="DATA", action="append", help="additional data, such as mailing_address; may be repeated"
    )
    group.add_argument("--redirect-url", metavar="URL", help="where the browser goes after the consent")
    group.add_argument("--user-id", metavar="TEXT", help="your name for the person, which the service repeats")
    group.add_argument("--echo", metavar="TEXT", help="text that the service includes in its responses")
    group.add_argument(
        "--username",
        metavar="NAME",
        help="the person's username, for providers without a consent page; "
        f"the password is prompted for, or taken from {PROVIDER_VARIABLE}",
    )
    group.add_argument("--open", action="store_true", help="open the consent page in a browser")


def check_begin_options(options: argparse.Namespace) -> None:
    """Check the options.

    Raises:
        InvalidArgument: One of them can't be used; the message names it.
    """
    check_base_url(options)
    with naming_options():
        begin_request(
            credentials=None,
            password=None if options.username is None else "-",
            base_url=options.base_url,
            insecure_http=options.insecure_http,
            **_arguments(options),
        )


def begin(
    options: argparse.Namespace, credentials: Credentials, password: str | None, connection: Connection
) -> BegunImport:
    """Begin the import that `options` describe; `password` is the person's own."""
    return connection.client(options, credentials).begin_import(password=password, **_arguments(options))


def open_page(options: argparse.Namespace, url: str) -> None:
    """Open a consent page in a browser if `--open` is given."""
    if options.open and not (is_consent_url(url) and webbrowser.open(url)):
        note("cannot open a browser; open the consent page yourself")


def _arguments(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "service": options.service,
        "username": options.username,
        "include": options.include or (),
        "redirect_url": options.redirect_url,
        "user_id": options.user_id,
        "echo": options.echo,
    }

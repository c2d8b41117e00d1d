"""`spongewatch begin`: begin an import, and print its id and its consent page."""

import argparse
import json
from dataclasses import asdict

from ..begin_options import add_begin_options, begin, check_begin_options, open_page
from ..connection import Connection, connected
from ..credential_sources import find_credentials, provider_password
from ..next_command import next_command
from ..service_options import CREDENTIALS_HELP, add_service_options
from ..streams import note
from ..watch_options import add_options as add_watch_options

DESCRIPTION = """\
Begin an import, and print its id and the page on which the person consents. Anyone who knows the URL of that page can
act as the person, so keep it out of logs."""
EPILOG = f"""\
{CREDENTIALS_HELP}
example:
  spongewatch begin gmail
  spongewatch begin gmail --user-id 42 --jsonl
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_begin_options(parser)
    add_service_options(parser.add_argument_group("service"))
    parser.add_argument_group("output").add_argument("--jsonl", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Begin the import and return the exit status."""
    return connected(_begin, options)


def _begin(options: argparse.Namespace, connection: Connection) -> int:
    check_begin_options(options)
    credentials = find_credentials(options.credentials, options.base_url)
    password = None if options.username is None else provider_password()
    with connection:
        begun = begin(options, credentials, password, connection)
    if options.jsonl:
        print(json.dumps(asdict(begun), separators=(",", ":")), flush=True)
    else:
        print(f"import id     {begun.import_id}", flush=True)
        if begun.consent_url:
            print(f"consent page  {begun.consent_url}", flush=True)
        of_watch = argparse.Namespace(**vars(options), import_id=begun.import_id)
        note(f"to watch the import, run: {next_command('watch', add_watch_options, of_watch, credentials)}")
    if begun.consent_url:
        open_page(options, begun.consent_url)
    return 0

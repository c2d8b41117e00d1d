"""`spongewatch import`: begin an import, watch it until it ends, and download its contacts."""

import argparse

from ....core import Cancelled, Completed, TimedOut
from ..begin_options import add_begin_options, begin, check_begin_options, open_page
from ..connection import Connection, connected
from ..contacts_output import ContactsOutput, add_contacts_options
from ..credential_sources import find_credentials, provider_password
from ..download import contacts_command, download
from ..service_options import CREDENTIALS_HELP, add_service_options
from ..streams import note, remark
from ..watch_options import add_record, add_times, session
from ..watching import new_record, watch_import

DESCRIPTION = """\
Begin an import, watch it until it ends, and download its contacts. The page on which the person consents, and all
progress, are shown on standard error."""
EPILOG = f"""\
{CREDENTIALS_HELP}
example:
  spongewatch import gmail --open --output contacts.csv
  spongewatch import gmail --timeout 600 --record import.jsonl | wc -l
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_begin_options(parser)
    add_service_options(parser.add_argument_group("service"))
    add_times(parser)
    output = parser.add_argument_group("output")
    add_contacts_options(output)
    add_record(output)


def run(options: argparse.Namespace) -> int:
    """Import the contacts and return the exit status."""
    return connected(_import, options)


def _import(options: argparse.Namespace, connection: Connection) -> int:
    check_begin_options(options)
    session(_for_watch(options, "1"), None, 0.0)  # checks the times
    output = ContactsOutput(options)
    credentials = find_credentials(options.credentials, options.base_url)
    password = None if options.username is None else provider_password()
    with output, new_record(options.record, credentials) as record, connection:
        begun = begin(options, credentials, password, connection)
        note(f"import {begun.import_id} has begun")
        if begun.consent_url:
            note(f"the person consents on this page: {begun.consent_url}")
            open_page(options, begun.consent_url)
        outcome = watch_import(_for_watch(options, begun.import_id), credentials, connection, record, show=remark)
        of_contacts = argparse.Namespace(**vars(options), import_id=begun.import_id)
        if isinstance(outcome, Completed):
            return download(of_contacts, credentials, connection, output)
        if isinstance(outcome, Cancelled | TimedOut):
            note(f"and then, to download the contacts: {contacts_command(of_contacts, credentials, output)}")
        return connection.status(outcome)


def _for_watch(options: argparse.Namespace, import_id: str) -> argparse.Namespace:
    """Return the options as those of `spongewatch watch`, whose `--format` is that of the responses."""
    others = {"import_id": import_id, "format": "json", "jsonl": False, "quiet": False}
    return argparse.Namespace(**{**vars(options), **others})

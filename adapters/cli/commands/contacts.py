"""`spongewatch contacts`: download the contacts of a complete import."""

import argparse

from ..connection import Connection, connected
from ..contacts_output import ContactsOutput
from ..credential_sources import find_credentials
from ..download import add_options, download
from ..service_options import CREDENTIALS_HELP, check_base_url
from ..watch_options import check_import_id

__all__ = ["DESCRIPTION", "EPILOG", "add_options", "run"]

DESCRIPTION = """\
Download the contacts of a complete import, as JSON lines or CSV. The service deletes them within minutes after the
import has completed."""
EPILOG = f"""\
{CREDENTIALS_HELP}
example:
  spongewatch contacts 89708927 --output contacts.csv
  spongewatch contacts 89708927 | wc -l
"""


def run(options: argparse.Namespace) -> int:
    """Download the contacts and return the exit status."""
    return connected(_contacts, options)


def _contacts(options: argparse.Namespace, connection: Connection) -> int:
    check_import_id(options.import_id)
    check_base_url(options)
    output = ContactsOutput(options)
    credentials = find_credentials(options.credentials, options.base_url)
    with output, connection:
        return download(options, credentials, connection, output)

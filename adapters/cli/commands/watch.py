"""`spongewatch watch`: watch an import until it ends."""

import argparse

from ..connection import Connection, connected
from ..credential_sources import find_credentials
from ..watch_options import DESCRIPTION, EPILOG, add_options, session
from ..watching import new_record, watch_import

__all__ = ["DESCRIPTION", "EPILOG", "add_options", "run"]


def run(options: argparse.Namespace) -> int:
    """Watch the import and return the exit status."""
    return connected(_watch, options)


def _watch(options: argparse.Namespace, connection: Connection) -> int:
    session(options, None, 0.0)  # reports wrong options before missing credentials
    credentials = find_credentials(options.credentials, options.base_url)
    with new_record(options.record, credentials) as record, connection:
        return connection.status(watch_import(options, credentials, connection, record))

"""Download the contacts of an import over a `Connection`, as `spongewatch contacts` and `spongewatch import` do."""

import argparse
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, final

from ...core import Contact, Credentials, RemoteProtocolError, ServiceError
from ...core._shared import contacts_text
from .connection import Connection
from .contacts_output import ContactsOutput, add_contacts_options
from .exit_status import FAULT, error_status
from .next_command import next_command
from .service_options import add_service_options
from .streams import can_draw, note
from .watch_options import add_import_id

if TYPE_CHECKING:
    from ..client.contact_streams import ContactStream


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `spongewatch contacts`."""
    add_import_id(parser)
    add_service_options(parser.add_argument_group("service"))
    add_contacts_options(parser.add_argument_group("output"))


def download(
    options: argparse.Namespace, credentials: Credentials, connection: Connection, output: ContactsOutput
) -> int:
    """Write the contacts of an import to `output`; notes on standard error say what was written.

    Args:
        options: The options of `spongewatch contacts`.
        credentials: The credentials.
        connection: The connection to send with.
        output: Where the contacts go.

    Returns:
        The exit status.
    """
    contacts = _Counted(connection.client(options, credentials).contacts(options.import_id, stream=True))
    where = "" if output.file is None else f" to {output.file}"
    try:
        with _progress(options.import_id, contacts, output):
            output.write(contacts)
    except (ServiceError, RemoteProtocolError) as error:
        note(str(error))
        if contacts.count:
            note(f"{contacts.count:,} of {contacts.total:,} contacts were written{where}")
        status, can_help = connection.interrupted or error_status(error), _can_repeat(error)
    except OSError as error:
        if output.file is None:  # handled like all errors of standard output
            raise
        note(f"--output: cannot write to {output.file}: {error.strerror}")
        status, can_help = FAULT, True
    else:
        if output.file is not None:
            note(f"{contacts_text(contacts.count)} written{where}")
        return 0
    if can_help:
        again = contacts_command(options, credentials, output)
        note(f"to download all contacts before they are deleted, run: {again}")
    return status


def contacts_command(options: argparse.Namespace, credentials: Credentials, output: ContactsOutput) -> str:
    """Return the command that downloads the contacts; without `--output` if that file has been written."""
    again = argparse.Namespace(**vars(options))
    if output.kept:
        again.output, again.format = "-", "csv" if output.format == "csv" else None
    return next_command("contacts", add_options, again, credentials)


@final
class _Counted(Iterator[Contact]):
    """The contacts of a stream, counted; another thread may read the numbers."""

    def __init__(self, stream: "ContactStream") -> None:
        self._stream = stream
        self.count = 0

    @property
    def total(self) -> int:
        return self._stream.total or 0

    def __next__(self) -> Contact:
        contact = next(self._stream)
        self.count += 1
        return contact


def _progress(import_id: str, contacts: _Counted, output: ContactsOutput) -> AbstractContextManager[None]:
    if output.file is None or not can_draw():
        return nullcontext()
    try:
        from ..live.download import shown_download  # loads rich
    except ImportError:  # rich is broken or too old
        return nullcontext()
    return shown_download(import_id, lambda: (contacts.count, contacts.total))


def _can_repeat(error: ServiceError | RemoteProtocolError) -> bool:
    return isinstance(error, RemoteProtocolError) or error.reason in ("not-ready", "unavailable")

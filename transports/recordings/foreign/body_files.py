"""Response bodies in files, without times: one file, or a folder in natural order."""

import re
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import final

from ....core import PollPolicy, Response
from ....core._shared import MAX_BODY, printable
from ..recording import Exchange, RecordingError
from .jsonp import without_jsonp

_SUFFIXES = {".json", ".xml"}
_CADENCE = 1.0
"""Seconds between bodies: the service allows one poll a second ("Step 2: Wait for Import")."""


@final
class Bodies:
    """A recording made of files with one response body each; responses arrive immediately."""

    def __init__(self, files: list[Path]) -> None:
        self.import_id: str | None = None
        self.policy = PollPolicy.from_json({})
        self.resumed: Mapping[str, object] | None = None
        self._files = files

    @classmethod
    def in_folder(cls, folder: Path) -> "Bodies":
        """Return a recording of the `*.json` and `*.xml` files in `folder`, in natural order (2 before 10).

        Links are skipped: in a folder from an attacker they could lead to private files, which would end up in traces.

        Raises:
            RecordingError: There are no such files, or the folder can't be read.
        """
        try:
            files = [file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and _is_plain_file(file)]
        except OSError as error:
            raise RecordingError(folder, f"cannot be read: {error.strerror}") from None
        if not files:
            raise RecordingError(folder, "contains no *.json or *.xml files")
        return cls(sorted(files, key=_natural_order))

    def entries(self) -> Generator[Exchange, None, None]:
        """Yield one exchange for each file."""
        for number, file in enumerate(self._files):
            moment = number * _CADENCE
            yield Exchange(moment, moment, Response(200, {}, without_jsonp(read_body(file))))


def read_body(file: Path) -> bytes:
    """Return the first `MAX_BODY` + 1 bytes of `file`, enough for a session to find a larger body too large."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BODY + 1)
    except OSError as error:
        raise RecordingError(file.parent, f"{printable(file.name)} cannot be read: {error.strerror}") from None


def _is_plain_file(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _natural_order(file: Path) -> tuple[list[tuple[bool, int, str]], str]:
    parts = re.findall(r"([0-9]+)|([^0-9]+)", file.name)
    return [(not digits, int(digits or 0), text) for digits, text in parts], file.name

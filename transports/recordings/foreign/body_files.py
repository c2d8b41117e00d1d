"""Bodies of answers that lie in files, without their times: one file, or a folder in natural order."""

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
"""Seconds between bodies without recorded times: the service's own limit, one request a second."""


@final
class Bodies:
    """A recording made of files that hold one body each; no body takes any time to come."""

    def __init__(self, files: list[Path]) -> None:
        self.import_id: str | None = None
        self.policy = PollPolicy.from_json({})
        self.resumed: Mapping[str, object] | None = None
        self._files = files

    @classmethod
    def in_folder(cls, folder: Path) -> "Bodies":
        """The `*.json` and `*.xml` files of `folder`, 2 before 10; raises `RecordingError` if there are none.

        Links are none of them: where a folder came from somebody else, they may lead to what is nobody's business,
        and a trace that is made of it would hold that.
        """
        try:
            files = [file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and _lies_there(file)]
        except OSError as error:
            raise RecordingError(folder, f"can't be read: {error.strerror}") from None
        if not files:
            raise RecordingError(folder, "a folder without *.json and *.xml files, so there is nothing to replay")
        return cls(sorted(files, key=_natural_order))

    def entries(self) -> Generator[Exchange, None, None]:
        """One exchange a file."""
        for number, file in enumerate(self._files):
            moment = number * _CADENCE
            yield Exchange(moment, moment, Response(200, {}, without_jsonp(read_body(file))))


def read_body(file: Path) -> bytes:
    """The content of `file`, or just enough of it for the codec to see that it is too large."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BODY + 1)
    except OSError as error:
        raise RecordingError(file.parent, f"{printable(file.name)} can't be read: {error.strerror}") from None


def _lies_there(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _natural_order(file: Path) -> tuple[list[tuple[bool, int, str]], str]:
    parts = re.findall(r"([0-9]+)|([^0-9]+)", file.name)
    return [(not digits, int(digits or 0), text) for digits, text in parts], file.name

"""Files that a command writes: new ones, which only their owner may read."""

import os
from collections.abc import Iterable

from .exit_status import FAULT, USAGE
from .streams import note


def write_new_file(option: str, path: str, lines: Iterable[str]) -> int:
    """Write `lines`, ASCII with their line feeds, to a new file, which `option` named; gives the exit status.

    Raises what `lines` does; then the file holds those before.

    >>> write_new_file("--output", "docs/traces/completes.jsonl", ["written"])
    2
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        problem = f"can't be made: {error.strerror}" if isinstance(error, OSError) else "is no path"
        note(f"{option}: {path}: {problem}")
        return USAGE
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.writelines(lines)
    except OSError as error:
        note(f"{option}: {path}: can't be written any more: {error.strerror}")
        return FAULT
    return 0

"""Write new files that only their owner may read."""

import os
from collections.abc import Iterable

from .exit_status import FAULT, USAGE
from .streams import note


def write_new_file(option: str, path: str, lines: Iterable[str]) -> int:
    """Write `lines` to a new file.

    If iterating over `lines` raises an exception, it is passed on, and the file keeps the lines before.

    Args:
        option: The option that named the file, for messages.
        path: The file to create; an existing file is never overwritten.
        lines: ASCII text with line endings.

    Returns:
        The exit status; an error is explained on standard error.

    >>> write_new_file("--output", "docs/traces/completes.jsonl", ["written"])
    2
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        note(f"{option}: cannot create {path}: {error.strerror if isinstance(error, OSError) else 'invalid path'}")
        return USAGE
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.writelines(lines)
    except OSError as error:
        note(f"{option}: cannot write to {path}: {error.strerror}")
        return FAULT
    return 0

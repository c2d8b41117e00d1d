"""Write new files that only their owner may read."""

import os
from collections.abc import Iterable
from typing import TextIO

from ...core import InvalidArgument
from .exit_status import FAULT, USAGE
from .streams import note


def write_new_file(option: str, path: str, lines: Iterable[str]) -> int:
    """Write `lines` to a new file.

    If iterating over `lines` raises an exception, it is passed on, and the file keeps the lines before.

    Args:
        option: The option that named the file, for messages.
        path: The file to create; an existing file is never overwritten.
        lines: Text with line endings.

    Returns:
        The exit status; an error is explained on standard error.

    >>> write_new_file("--output", "docs/traces/completes.jsonl", ["written"])
    2
    """
    try:
        file = create_new_file(option, path)
    except InvalidArgument as error:
        note(str(error))
        return USAGE
    try:
        with file:
            file.writelines(lines)
    except OSError as error:
        note(f"{option}: cannot write to {path}: {error.strerror}")
        return FAULT
    return 0


def create_new_file(option: str, path: str) -> TextIO:
    """Create and open a new file.

    Args:
        option: The option that named the file, for messages.
        path: The file to create; an existing file is never overwritten.

    Raises:
        InvalidArgument: It can't be created.

    >>> create_new_file("--output", "docs/traces/completes.jsonl")
    Traceback (most recent call last):
    spongewatch.core.errors.InvalidArgument: --output: cannot create docs/traces/completes.jsonl: File exists
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else "invalid path"
        raise InvalidArgument(f"{option}: cannot create {path}: {problem}") from None
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")

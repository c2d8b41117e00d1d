"""Response bodies in files next to a HAR, as Playwright writes them with `content: "attach"`."""

import os
import re
import stat
from pathlib import Path

from ....core._shared import MAX_BODY

_PLAIN_NAME = re.compile(r"(?!\.)[^/\\:\x00-\x1f]{1,255}")


def attached_body(folder: Path, name: str) -> bytes | None:
    """Return the first `MAX_BODY` + 1 bytes of the file `name` in `folder`, None if it can't be read.

    The HAR may come from an attacker, so only regular files directly in its folder are read: no links, no hidden files,
    no names with separators.
    """
    if not _PLAIN_NAME.fullmatch(name):
        return None
    try:
        # Opening a pipe blocks without O_NONBLOCK. Windows has neither flag.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        if (folder / name).is_symlink():
            return None
        with open(os.open(folder / name, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return file.read(MAX_BODY + 1)
    except (OSError, ValueError):
        return None

"""Bodies that lie in files beside a HAR, as Playwright writes them with `content: "attach"`."""

import os
import re
import stat
from pathlib import Path

from ....core._shared import MAX_BODY

_PLAIN_NAME = re.compile(r"(?!\.)[^/\\:\x00-\x1f]{1,255}")


def attached_body(folder: Path, name: str) -> bytes | None:
    """Return the content of the file `name` in `folder`, cut off just beyond `MAX_BODY`; None if it is not there.

    A HAR may come from a stranger. So only regular files are read, only from the HAR's own folder, and through no
    link: a name with a separator, or a hidden file, counts as not there.
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

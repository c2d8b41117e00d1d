"""Show a download of contacts on a terminal, with a progress bar."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from rich.console import Console
from rich.text import Text

from .block import rows_block
from .screen import drawn

_BAR_WIDTH = 40


def shown_download(import_id: str, progress: Callable[[], tuple[int, int]]) -> AbstractContextManager[None]:
    """Show a download on standard error while the `with` block runs.

    Args:
        import_id: The import.
        progress: Returns how many contacts of how many have been downloaded; called in another thread. The second
            number is 0 before the first page.
    """
    return drawn(lambda console, width: download_block(import_id, *progress(), console, width))


def download_block(import_id: str, count: int, total: int, console: Console, width: int) -> list[Text]:
    """Return the lines that show a download.

    >>> for shown in download_block("1126", 500, 2000, Console(), 80):
    ...     print(shown.plain.replace("━", "#"))
    import 1126
      phase      downloading contacts
      contacts   500 of 2,000
      progress   ########################################
    """
    known = f"{count:,} of {total:,}" if total else "none yet"
    lines = rows_block(import_id, [("phase", "downloading contacts", "green"), ("contacts", known, "")], console, width)
    bar_width = min(_BAR_WIDTH, width - len(_LABEL))
    if total and bar_width > 0:
        done = bar_width * count // total
        bar = ("=", "-") if console.options.ascii_only else ("━", "━")
        lines.append(Text.assemble(_LABEL, (bar[0] * done, "green"), (bar[1] * (bar_width - done), "bright_black")))
    return lines


_LABEL = "  progress   "

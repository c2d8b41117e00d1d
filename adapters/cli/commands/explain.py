"""`spongewatch explain`: what an error code means, and what can be done about it.

On a terminal, text is wrapped to its width; elsewhere each code is one line, so that `grep` works.
"""

import argparse
import json
import sys
from shutil import get_terminal_size
from textwrap import fill

from ....core import ERROR_CODES, ErrorCode, explain
from ...phrases import REMEDIES, SHORT_REMEDIES
from ..options import error_code

DESCRIPTION = "Explain an error code of CloudSponge and what can be done about it; without a code, list them all."
EPILOG = """\
example:
  spongewatch explain 514
  spongewatch explain | grep ABANDONED
  spongewatch explain --json
"""

_MIN_COLUMNS = 24
"""With fewer columns left beside a code, its explanation goes below it."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "code",
        type=error_code,
        nargs="?",
        metavar="CODE",
        help="an error code; codes that aren't listed are accepted (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON: an object, or an array of all codes")


def run(options: argparse.Namespace) -> int:
    """Print one code or all, and return the exit status."""
    codes = list(ERROR_CODES.values()) if options.code is None else [explain(options.code)]
    if options.json:
        objects = [_to_json(code) for code in codes]
        print(json.dumps(objects if options.code is None else objects[0], indent=2))
    elif options.code is None:
        _print_all(codes)
    else:
        _print_one(codes[0])
    return 0


def _to_json(code: ErrorCode) -> dict[str, object]:
    return {
        "code": code.code,
        "category": code.category.value,
        "explanation": code.explanation,
        "remedy": code.remedy.value,
    }


def _print_all(codes: list[ErrorCode]) -> None:
    if sys.stdout is not None and sys.stdout.isatty():
        _print_row(f"code  category   {'remedy':<14}", "explanation")
    for code in codes:
        _print_row(f"{code.code:>4}  {code.category.value:<9}  {SHORT_REMEDIES[code.remedy]:<14}", code.explanation)


def _print_one(code: ErrorCode) -> None:
    _print_row(f"{code.code:>4}  {code.category.value:<9}", code.explanation)
    _print_row(" " * 15, REMEDIES[code.remedy])


def _print_row(head: str, text: str) -> None:
    """Print `text` in the column after `head`, wrapped to the width of the terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        print(f"{head}  {text}")
        return
    width = get_terminal_size().columns
    if width - len(head) >= _MIN_COLUMNS:
        print(fill(text, width, initial_indent=f"{head}  ", subsequent_indent=" " * (len(head) + 2)))
        return
    if head.strip():
        print(fill(head.strip(), width))
    print(fill(text, width, initial_indent="  ", subsequent_indent="  "))

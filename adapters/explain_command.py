"""`spongewatch explain`: what an error code means, and who can act on it."""

import argparse

from spongewatch import ERROR_CODES, ErrorCode, explain

from .options import error_code
from .plain_lines import REMEDIES

NAME = "explain"
SUMMARY = "say what an error code means"
DESCRIPTION = "Say what an error code of the service means, and who can act on it; without a code, all of them."
EPILOG = "example:\n  spongewatch explain 514"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("code", type=error_code, nargs="?", metavar="CODE", help="the number of an error code")


def run(options: argparse.Namespace) -> int:
    """Print one code, or all; gives the exit status."""
    if options.code is None:
        for listed in ERROR_CODES.values():
            print(_line(listed))
        return 0
    code = explain(options.code)
    print(_line(code))
    print(f"{'':>17}{REMEDIES[code.remedy]}")
    return 0


def _line(code: ErrorCode) -> str:
    return f"{code.code:>4}  {code.category.value:<9}  {code.explanation}"

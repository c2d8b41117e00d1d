"""`spongewatch completion`: a script with which a shell completes commands, options, scenarios and files."""

import argparse
from typing import Any

from ..arguments import COMMANDS
from ..arguments import parser as whole_parser
from ..exit_status import USAGE
from ..options import one_of
from ..streams import note

DESCRIPTION = "Print a script with which a shell completes commands, options, scenarios and files."
EPILOG = """\
This needs the extra: pip install "spongewatch[completion]". The line below enables completion in the current
bash; add it to ~/.bashrc to enable it in every new one.

example:
  source <(spongewatch completion bash)
"""

_SHELLS = ("bash", "zsh", "tcsh")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", type=one_of(_SHELLS), choices=_SHELLS, metavar="SHELL", help="bash, zsh or tcsh")


def run(options: argparse.Namespace) -> int:
    """Print the script and return the exit status."""
    try:
        import shtab  # the extra [completion]
    except ImportError:
        note('completion needs an extra; run: pip install "spongewatch[completion]"')
        return USAGE
    parser = whole_parser()
    completers: dict[str | tuple[str, ...] | None, Any] = {
        "PATH": shtab.FILE,
        "FILE": shtab.FILE,
        "SCENARIO|PATH": _scenario_or_file(),
    }
    for name, command in _commands(parser).items():
        command.description = COMMANDS[name]  # zsh shows it beside the command
        for action in command._actions:  # argparse has no public way to list them
            if action.metavar in completers:
                action.complete = completers[action.metavar]  # type: ignore[attr-defined] # read by shtab
    print(shtab.complete(parser, options.shell))
    return 0


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    [commands] = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    return commands


def _scenario_or_file() -> dict[str, str | dict[str, str]]:
    from ....transports import SCENARIOS

    names = " ".join(SCENARIOS)
    function = "_spongewatch_scenario_or_file"
    return {
        "bash": function,
        "zsh": function,
        "tcsh": f"({names})",
        "preamble": {
            "bash": f'{function}() {{\n  compgen -W "{names}" -- "$1"\n  compgen -f -- "$1"\n}}',
            "zsh": f"{function}() {{\n  _alternative 'scenarios:scenario:({names})' 'files:file:_files'\n}}",
        },
    }

"""Commands to show to the user as the next step."""

import argparse
import shlex
from collections.abc import Callable

from ...core import Credentials


def next_command(
    name: str,
    add_options: Callable[[argparse.ArgumentParser], None],
    options: argparse.Namespace,
    credentials: Credentials,
) -> str:
    """Return a command line with those of `options` that aren't the default, and without secrets.

    Args:
        name: The name of the command, whose argument is an import id.
        add_options: Adds the arguments of the command to a parser.
        options: The values of its arguments; others are ignored, and missing ones have their defaults.
        credentials: The credentials, which are replaced by asterisks.

    >>> def add_options(parser):
    ...     parser.add_argument("import_id")
    ...     parser.add_argument("--speed", type=float, default=1.0)
    >>> options = argparse.Namespace(import_id="1126", speed=2.0, other=True)
    >>> next_command("watch", add_options, options, Credentials("key", "password"))
    'spongewatch watch 1126 --speed 2'
    """
    parser = argparse.ArgumentParser()
    add_options(parser)
    given: list[str] = []
    for parameter, default in vars(parser.parse_args(["0"])).items():
        value = getattr(options, parameter, default)
        if value != default and parameter != "import_id":
            given += _typed(f"--{parameter.replace('_', '-')}", value, credentials)
    import_id = credentials.redaction.text(options.import_id)
    words = [*given, "--", import_id] if import_id.startswith("-") else [import_id, *given]
    return shlex.join(["spongewatch", name, *words])


def _typed(option: str, value: object, credentials: Credentials) -> list[str]:
    if value is True:
        return [option]
    word = "none" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
    word = credentials.redaction.text(word)
    return [f"{option}={word}"] if word.startswith("-") else [option, word]

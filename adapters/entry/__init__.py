"""The entry point of the `spongewatch` command.

It is installed outside the package, because importing the package takes most of the startup time: Ctrl-C must end the
command without a traceback before that, too.
"""

import signal


def main() -> int:
    """Run the command line with the arguments of the process, and return the exit status.

    SIGINT ends the process as SIGTERM does, without a traceback, unless a command handles it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job starts with SIGINT ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from spongewatch.adapters.cli.command_line import main as run

    return run()

"""Where the `spongewatch` command begins: Ctrl-C ends it quietly from the first moment.

Outside the package, whose import takes most of the time in which a command starts; so nothing but the standard
library's `signal` is loaded before that is seen to.
"""

import signal


def main() -> int:
    """Run the command line with the arguments of the process; gives the exit status.

    SIGINT ends the process as SIGTERM does, without a traceback, except while a watch takes it as a request to end.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored, as for a job in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from spongewatch.adapters.cli.command_line import main as run

    return run()

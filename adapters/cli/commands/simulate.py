"""`spongewatch simulate`: a simulated service on this machine."""

import argparse
import os
from typing import TYPE_CHECKING

from ....core import InvalidArgument, SpongewatchError
from ....core._shared import shortened
from ....transports import SCENARIOS, SystemClock, open_recording
from ...client.settings import KEY_VARIABLE, PASSWORD_VARIABLE
from ..options import closest, port, recording, speed
from ..recording_options import note_error
from ..streams import note, on_first_signal

if TYPE_CHECKING:
    from ....transports import Simulator

DESCRIPTION = "Run a simulated service on this machine, over HTTP, until interrupted."
EPILOG = "scenarios:\n{}\n\nexample:\n  spongewatch simulate\n  spongewatch simulate abandoned --speed 2\n".format(
    "\n".join(f"  {name:<15}{scenario.description}" for name, scenario in SCENARIOS.items())
)

_DEFAULT_ID = "1126"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "what",
        type=recording,
        nargs="?",
        default="completes",
        metavar="SCENARIO|PATH",
        help="the name of a scenario, or a recording (default: completes)",
    )
    parser.add_argument("--import-id", metavar="ID", help="id of the import (default: that of the recording, or 1126)")
    parser.add_argument(
        "--speed", type=speed, default=1.0, metavar="N", help="play a scenario N times as fast (default 1)"
    )
    parser.add_argument(
        "--port", type=port, default=0, metavar="PORT", help="port to listen on (default 0: any free port)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a signal arrives, and return its exit status."""
    try:
        clock = SystemClock()
        with on_first_signal(clock.wake) as signals, _simulator(options) as service:
            _invite(service)
            while not signals:
                clock.sleep(3600)
        return 128 + signals[0]
    except SpongewatchError as error:
        return note_error(error)


def _simulator(options: argparse.Namespace) -> "Simulator":
    from ....transports import Simulator  # loads an HTTP server

    if options.what not in SCENARIOS and not os.path.exists(options.what):
        likely = closest(options.what, SCENARIOS)
        advice = f"did you mean '{likely}'?" if likely else f"the scenarios are {', '.join(SCENARIOS)}"
        raise InvalidArgument(f"no scenario or file named '{shortened(options.what)}'; {advice}")
    if options.what in SCENARIOS:
        import_id = _DEFAULT_ID if options.import_id is None else options.import_id
        return Simulator(options.what, speed=options.speed, import_id=import_id, port=options.port)
    return Simulator(recording=open_recording(options.what, options.import_id), port=options.port)


def _invite(service: "Simulator") -> None:
    print(service.base_url, flush=True)
    # Not secret: these are the simulator's own demo credentials.
    login = f"{KEY_VARIABLE}={service.domain_key} {PASSWORD_VARIABLE}={service.domain_password}"
    for purpose, command in (("watch the import", f"watch {service.import_id}"), ("try all steps", "import gmail")):
        note(f"to {purpose}, run: {login} spongewatch {command} --base-url {service.base_url}")

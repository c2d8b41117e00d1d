"""`spongewatch simulate`: a service on this machine, to try a watch on."""

import argparse
import os
from typing import TYPE_CHECKING

from ....core import LocalProtocolError, SpongewatchError
from ....core._shared import shown
from ....transports import SCENARIOS, SystemClock, open_recording
from ..credential_sources import KEY_VARIABLE, PASSWORD_VARIABLE
from ..options import did_you_mean, port, recording, speed
from ..recording_options import refused
from ..streams import note, on_first_signal

if TYPE_CHECKING:
    from ....transports import Simulator

DESCRIPTION = "Play the service on this machine, over HTTP, to try a watch on it; until interrupted."
EPILOG = "scenarios:\n{}\n\nexample:\n  spongewatch simulate\n  spongewatch simulate abandoned --speed 2\n".format(
    "\n".join(f"  {name:<15}{scenario.description}" for name, scenario in SCENARIOS.items())
)

_USUAL_ID = "1126"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "what",
        type=recording,
        nargs="?",
        default="completes",
        metavar="SCENARIO|PATH",
        help="a scenario's name, or a recording (default: completes)",
    )
    parser.add_argument("--import-id", metavar="ID", help="of the import (default: the recording's, else 1126)")
    parser.add_argument("--speed", type=speed, default=1.0, metavar="N", help="a scenario N times as fast (default 1)")
    parser.add_argument(
        "--port", type=port, default=0, metavar="PORT", help="to listen at (default 0: any that is free)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes; gives the exit status, which is that of the signal."""
    try:
        clock = SystemClock()
        with on_first_signal(clock.wake) as signals, _simulator(options) as service:
            _invite(service)
            while not signals:
                clock.sleep(3600)
        return 128 + signals[0]
    except SpongewatchError as error:
        return refused(error)


def _simulator(options: argparse.Namespace) -> "Simulator":
    from ....transports import Simulator  # which loads a server, for this command alone

    if options.what not in SCENARIOS and not os.path.exists(options.what):
        other = did_you_mean(options.what, SCENARIOS)
        raise LocalProtocolError(f"SCENARIO|PATH: {shown(options.what)} is no scenario, and no recording{other}")
    if options.what in SCENARIOS:
        import_id = _USUAL_ID if options.import_id is None else options.import_id
        return Simulator(options.what, speed=options.speed, import_id=import_id, port=options.port)
    return Simulator(recording=open_recording(options.what, options.import_id), port=options.port)


def _invite(service: "Simulator") -> None:
    print(service.base_url, flush=True)
    # No secrets: what the simulator asks for by itself, for whoever wants to try it.
    login = f"{KEY_VARIABLE}={service.domain_key} {PASSWORD_VARIABLE}={service.domain_password}"
    note(f"to watch it: {login} spongewatch watch {service.import_id} --base-url {service.base_url}")

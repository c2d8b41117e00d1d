"""The command line, with a clock of `simulate` that advances with each poll, so that no step is missed."""

import sys

from event_rows import each_poll
from spongewatch.transports import Simulator
from spongewatch_command import main

speed = float(sys.argv[sys.argv.index("--speed") + 1])
# Less than a second of the scenario, the length of its shortest step.
Simulator.__init__.__kwdefaults__["clock"] = each_poll(0.9 / speed)
sys.exit(main())

"""The command, in whose `simulate` time goes by with each poll: no step is missed, however busy the machine is."""

import sys

from answers import each_poll
from spongewatch.transports import Simulator
from spongewatch_command import main

speed = float(sys.argv[sys.argv.index("--speed") + 1])
# Less than a second of the scenario, which is how long the shortest of its steps is.
Simulator.__init__.__kwdefaults__["clock"] = each_poll(0.9 / speed)
sys.exit(main())

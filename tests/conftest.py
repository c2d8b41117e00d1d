"""Hypothesis profiles: `ci` takes the same examples every time, `proof` many more, new ones each time."""

import os
import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("proof", settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# A job in the background starts with SIGINT ignored, and so would every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

"""Spares tests on sockets the pauses that collecting the garbage of a long test run makes."""

import gc


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()

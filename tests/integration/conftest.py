"""Avoids long garbage collections during tests with sockets."""

import gc


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()

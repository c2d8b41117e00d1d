"""Of many inputs, few that reach as much: the short before the long, each of which takes a step that none before took.

A step is from one line of the library to another, as the interpreter tells it; no atheris is needed for that.
"""

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

_LIBRARY = "/spongewatch/"


def smallest(one_input: Callable[[bytes], None], inputs: Iterable[bytes]) -> list[bytes]:
    reached: set[tuple[str, int, int]] = set()
    kept: list[bytes] = []
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        before = len(reached)
        sys.settrace(_tracer(reached))
        try:
            one_input(data)
        finally:
            sys.settrace(None)
        if len(reached) > before:
            kept.append(data)
    return kept


def _tracer(reached: set[tuple[str, int, int]]) -> Callable[[FrameType, str, Any], Any]:
    def called(frame: FrameType, event: str, argument: Any) -> Any:
        file, last = frame.f_code.co_filename, frame.f_lineno
        if _LIBRARY not in file:
            return None

        def stepped(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            reached.add((file, last, frame.f_lineno))
            last = frame.f_lineno
            return stepped

        return stepped

    return called

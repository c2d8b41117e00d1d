"""The corpus: one file a target, one input a line, as a JSON text of one character a byte, so that a diff can be read."""

import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).parent / "corpus"


def target_named(name: str) -> ModuleType:
    """The module, with its `SEEDS` and its `one_input`."""
    return import_module(f".{name}", __package__)


def inputs_of(name: str) -> list[bytes]:
    """What was written by hand for the target, and what was found."""
    file = _FOLDER / f"{name}.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [*target_named(name).SEEDS, *(json.loads(line).encode("latin-1") for line in lines)]


def keep(name: str, inputs: Iterable[bytes]) -> None:
    """Make these what was found for the target; those of its seeds are left out."""
    found = sorted(set(inputs) - set(target_named(name).SEEDS), key=lambda data: (len(data), data))
    (_FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(data.decode("latin-1")) + "\n" for data in found))

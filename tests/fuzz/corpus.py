"""The corpus: one file per target, one input per line, as a JSON string with one character per byte to keep diffs readable.

`python -m fuzz.corpus TARGET FOLDER` replaces the corpus of a target with the files in a folder.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).parent / "corpus"


def target_named(name: str) -> ModuleType:
    """Import the module with `SEEDS` and `one_input`."""
    return import_module(f".{name}", __package__)


def inputs_of(name: str) -> list[bytes]:
    """Return the seeds and the corpus of a target."""
    lines = (_FOLDER / f"{name}.jsonl").read_text().splitlines()
    return [*target_named(name).SEEDS, *(json.loads(line).encode("latin-1") for line in lines)]


def write_inputs(name: str, folder: Path) -> None:
    """Write each seed and each input of the corpus to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs_of(name)):
        (folder / f"corpus-{number}").write_bytes(data)


def read_inputs(name: str, folder: Path) -> None:
    """Make the files in `folder`, the seeds left out, the corpus of a target."""
    inputs = {file.read_bytes() for file in folder.iterdir()} - set(target_named(name).SEEDS)
    lines = (json.dumps(data.decode("latin-1")) + "\n" for data in sorted(inputs, key=lambda data: (len(data), data)))
    (_FOLDER / f"{name}.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    read_inputs(sys.argv[1], Path(sys.argv[2]))

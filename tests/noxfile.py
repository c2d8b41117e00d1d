"""Run the tests that depend on versions, with the lowest and the newest dependencies, on each Python: `make versions`.

`make versions OPTIONS="-p 3.12 -k lowest"` picks one. A Python that isn't installed is skipped.
"""

import os
import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path

import nox

ROOT = Path(__file__).parents[1]
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
TESTS = (
    "tests/unit",
    "tests/properties/test_fuzz_corpus.py",
    "tests/properties/test_rules.py",
    "tests/integration/test_command_line.py",
    "tests/integration/test_proxies.py",
    "tests/integration/test_security.py",
)

nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = str(ROOT / "build/nox")
nox.options.error_on_missing_interpreters = False

if pyenv := shutil.which("pyenv"):  # its python3.x commands fail unless that version is selected
    installed = subprocess.run([pyenv, "versions", "--bare"], capture_output=True, text=True, check=True).stdout.split()
    os.environ["PYENV_VERSION"] = ":".join(reversed(installed))


@nox.session(python=nox.project.python_versions(PROJECT))
@nox.parametrize("resolution", ["lowest-direct", "highest"], ids=["lowest", "newest"])
def versions(session: nox.Session, resolution: str) -> None:
    """Test the wheel with the lowest or newest versions of its dependencies; the test tools are pinned."""
    session.chdir(ROOT)
    folder = Path(session.virtualenv.location)
    pins = folder / "pins.txt"
    pins.write_text("\n".join(_pins_of_tools()))
    choice = (f"--resolution={resolution}", f"--constraint={pins}")
    session.install(*choice, "--all-extras", "--requirement=pyproject.toml", "--group=versions")
    # The wheel is built from the source distribution, so nothing left in build/ gets into it.
    session.run("uv", "build", "--quiet", "--clear", f"--out-dir={folder / 'dist'}", external=True)
    session.install("--no-deps", *map(str, (folder / "dist").glob("*.whl")))
    session.run("pytest", "--quiet", "--numprocesses=2", "-p", "no:cacheprovider", *TESTS)


def _pins_of_tools() -> list[str]:
    """Return the pins of requirements-dev.txt, without those of the package's own dependencies."""
    project = PROJECT["project"]
    requirements = chain(project["dependencies"], *project["optional-dependencies"].values())
    own = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    return [line for line in lines if line.partition("==")[0] not in own]

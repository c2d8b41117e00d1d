"""The wheel, and the wheel built from the source distribution."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import spongewatch

ROOT = Path(__file__).parents[2]
FOLDERS = ("core", "transports", "adapters")


def run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(source: Path, dest: Path, *formats: str) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", *formats, "--outdir", dest, source)


def contents(wheel: Path) -> set[str]:
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel of a clean export, and the wheel of its source distribution."""
    source, dest = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    git = ("git", "-C", ROOT, "-c", "safe.directory=*")  # git refuses a checkout of another user
    for file in run(*git, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_bytes((ROOT / file).read_bytes())
    build(source, dest / "direct", "--wheel")
    build(source, dest / "sdist", "--sdist")
    (sdist,) = (dest / "sdist").glob("*.tar.gz")
    run("tar", "-xzf", sdist, "-C", dest / "sdist")
    build(dest / "sdist" / sdist.name.removesuffix(".tar.gz"), dest / "by-sdist", "--wheel")
    return [next((dest / folder).glob("*.whl")) for folder in ("direct", "by-sdist")]


def test_the_wheel_holds_the_package_and_the_command(built):
    files = [file.relative_to(ROOT).as_posix() for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    here = {"spongewatch/__init__.py", *(f"spongewatch/{file}" for file in files)}
    here -= {"spongewatch/adapters/entry/__init__.py"}
    here |= {"spongewatch_command/__init__.py"}
    beside = {"spongewatch/py.typed", "spongewatch_command/py.typed", "spongewatch/transports/testing/untrusted.pem"}
    assert contents(built[0]) == here | beside


def test_the_wheel_of_the_source_distribution_holds_the_same(built):
    direct, by_sdist = (ZipFile(wheel) for wheel in built)
    assert contents(built[1]) == contents(built[0])
    for name in contents(built[0]):
        assert by_sdist.read(name) == direct.read(name)


def test_the_wheel_lists_its_dependencies(built):
    (metadata,) = (name for name in ZipFile(built[0]).namelist() if name.endswith("METADATA"))
    lines = ZipFile(built[0]).read(metadata).decode().splitlines()
    assert f"Version: {spongewatch.__version__}" in lines
    assert "Requires-Python: >=3.11" in lines
    needed = {line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist")}
    always = {requirement.split(">")[0] for requirement in needed if "extra" not in requirement}
    extras = {
        (requirement.split(">")[0], requirement.split("; ")[1]) for requirement in needed if "extra" in requirement
    }
    assert always == {"transitions", "urllib3", "defusedxml"}
    assert extras == {
        ("rich", 'extra == "cli"'),
        ("shtab", 'extra == "completion"'),
        ("httptools", 'extra == "fleet"'),
        ("PyYAML", 'extra == "yaml"'),
    }


def test_the_wheel_can_be_used(built, tmp_path):
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", built[0])
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    installed = {entry.name for entry in Path(site).iterdir() if not entry.name.endswith(".dist-info")}
    assert installed == {"spongewatch", "spongewatch_command"}
    here = run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(site) / "needed.pth").write_text(here)  # dependencies come from the test environment
    shown = run(tmp_path / "venv/bin/spongewatch", "replay", ROOT / "docs/traces/completes.jsonl")
    assert "import 1126: completed with 2,001 contacts" in shown

"""Is each module covered in full, branches too, by its own test file alone? To be run after the unit tests.

A test covers what ran in its own context; what importing a module runs is covered for all.
"""

import sys
from io import StringIO
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[1]
FOLDERS = ("core", "transports", "transports/testing", "adapters")


def report_on(module: Path) -> tuple[float, str]:
    """How much of `module` its own test file covers, in per cent, and the report that names the rest."""
    folder = ".".join(module.parent.relative_to(ROOT).parts)
    test = f"tests.unit.{folder}.test_{module.stem}"
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    coverage.load()
    text = StringIO()
    percent = coverage.report(morfs=[str(module)], contexts=["^$", f"^{test}\\."], skip_covered=False, file=text)
    return percent, text.getvalue().splitlines()[2]


def main() -> int:
    """Print each module that is not covered; gives the exit status."""
    modules = [file for folder in FOLDERS for file in sorted((ROOT / folder).glob("*.py")) if file.stem != "__init__"]
    reports = [report_on(module) for module in modules]
    uncovered = [text for percent, text in reports if percent < 100]
    print(
        *uncovered,
        f"{len(modules) - len(uncovered)} of {len(modules)} modules are covered by their own tests",
        sep="\n",
    )
    return 1 if uncovered else 0


if __name__ == "__main__":
    sys.exit(main())

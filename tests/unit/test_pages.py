"""The code in the pages is the code that is tested."""

import re
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
SHOWN_AS = {"console", "json", "mermaid", "python", "text", "{eval-rst}", "{toctree}"}  # a test reads each of these
RECIPES = sorted(DOCS.glob("recipes/*.py"))
PICTURES = run_path(str(DOCS / "site/draw.py"))["PICTURES"]
SHOWN = re.compile(r"^<!-- (part of )?(\S+\.py) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_from_a_file_matches_the_file(page):
    text = page.read_text()
    shown = SHOWN.findall(text)
    assert len(shown) == len(re.findall(r"^<!-- .*\.py -->$", text, re.MULTILINE))
    for part, name, code in shown:
        content = (page.parent / name).read_text()
        assert code in content if part else code == content, name


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_recipe_is_shown_on_one_page(recipe):
    shown = [name for page in PAGES for _, name, _ in SHOWN.findall(page.read_text())]
    assert shown.count(f"../recipes/{recipe.name}") == 1


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("*.md")], ids=lambda page: page.name)
def test_each_block_has_a_known_language(page):
    languages = re.findall(r"^```(\S*)", page.read_text(), re.MULTILINE)[::2]
    assert {*languages} <= SHOWN_AS


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_current(name):
    current = (DOCS / f"pictures/{name}.svg").read_text() == PICTURES[name]()
    assert current, "run: .venv/bin/python docs/site/draw.py"

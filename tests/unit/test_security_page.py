"""Each promise in SECURITY.md names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "SECURITY.md").read_text()
PROOF = re.compile(r"`([\w/]+\.py)::(\w+)`")


def claims(page):
    """Return the rows of the tables of what an adversary can't do: each claim and its proof."""
    tables = re.findall(r"^\| \w+ can't \| proved by \|\n\| --- \| --- \|\n((?:\|.*\|\n)+)", page, re.MULTILINE)
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for t in tables for line in t.splitlines()]


def names_in(file):
    """Return the names of the tests in a file; none if the file doesn't exist."""
    tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


CLAIMS = claims(PAGE)


def test_each_of_the_four_adversaries_has_a_table():
    adversaries = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert adversaries == [
        "A hostile service",
        "A hostile recording",
        "A tampered saved session",
        "A curious local user",
    ]
    sections = re.split(r"^###? .*$", PAGE, flags=re.MULTILINE)
    assert sum(bool(claims(section)) for section in sections) == len(adversaries)
    assert sum("**can**" in section for section in sections) == len(adversaries)


@pytest.mark.parametrize(("claim", "proof"), CLAIMS, ids=[claim for claim, _ in CLAIMS])
def test_each_promise_names_its_tests(claim, proof):
    assert PROOF.findall(proof), claim
    assert PROOF.sub("", proof).strip(", ") == ""


@pytest.mark.parametrize(("file", "name"), sorted(set(PROOF.findall(PAGE))))
def test_each_named_test_exists(file, name):
    assert name.startswith("test_")
    assert name in names_in(TESTS / file)


def test_a_missing_test_is_noticed():
    assert names_in(TESTS / "unit/no_such_file.py") == set()
    assert test_a_missing_test_is_noticed.__name__ in names_in(Path(__file__))

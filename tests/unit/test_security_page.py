"""Each line of the threat model in SECURITY.md names tests that are there."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "SECURITY.md").read_text()
PROOF = re.compile(r"`([\w/]+\.py)::(\w+)`")


def claims(page):
    """What stands in the tables of what an adversary can't do: the claim, and what is said to prove it."""
    tables = re.findall(r"^\| \w+ can't \| proved by \|\n\| --- \| --- \|\n((?:\|.*\|\n)+)", page, re.MULTILINE)
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for t in tables for line in t.splitlines()]


def names_in(file):
    """The names of the tests that the file holds; none where there is no such file."""
    tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


CLAIMS = claims(PAGE)


def test_there_is_a_table_for_each_of_the_four_adversaries():
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
def test_each_line_names_what_proves_it(claim, proof):
    assert PROOF.findall(proof), claim
    assert PROOF.sub("", proof).strip(", ") == ""


@pytest.mark.parametrize(("file", "name"), sorted(set(PROOF.findall(PAGE))))
def test_each_test_that_is_named_is_there(file, name):
    assert name.startswith("test_")
    assert name in names_in(TESTS / file)


def test_a_test_that_is_gone_would_be_missed():
    assert names_in(TESTS / "unit/no_such_file.py") == set()
    assert test_a_test_that_is_gone_would_be_missed.__name__ in names_in(Path(__file__))

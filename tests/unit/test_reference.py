"""The reference is complete: every public name, argument, error code and key of a format is documented."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from jsonschema import Draft202012Validator

import spongewatch
import spongewatch.adapters
import spongewatch.transports
import spongewatch.transports.testing
from spongewatch import ERROR_CODES, ErrorCategory
from spongewatch.adapters.cli.arguments import COMMANDS, parser
from spongewatch.transports import SCENARIOS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
PAGES = {path.name: path.read_text() for path in sorted(REFERENCE.glob("*.md"))}
SCHEMAS = {path.name: json.loads(path.read_text()) for path in sorted(REFERENCE.glob("schemas/*"))}
PACKAGES = {
    package.__name__: package
    for package in (spongewatch, spongewatch.transports, spongewatch.transports.testing, spongewatch.adapters)
}
DIRECTIVE = re.compile(r"^\.\. (?:auto\w+|py:type):: (spongewatch[\w.]*)", re.MULTILINE)
ALIAS = re.compile(r"^\.\. py:type:: ([\w.]+)\.(\w+)\n   :canonical: (.+)\n", re.MULTILINE)
KEYS = re.compile(r"^\| (`[\w`, -]+) \| (?!---)", re.MULTILINE)

COMMAND_LINE = re.split(r"^## (?:`([a-z]+)`)?", PAGES["command-line.md"], flags=re.MULTILINE)
SECTIONS = dict(zip(COMMAND_LINE[1::2], COMMAND_LINE[2::2], strict=True))
FORMATS = {
    "json-lines.md": ("json-lines.schema.json", "error-codes.schema.json"),
    "saved-session.md": ("saved-session.schema.json",),
    "trace-format.md": ("trace.schema.json",),
}


def documented():
    return Counter(name for page in PAGES.values() for name in DIRECTIVE.findall(page))


@pytest.mark.parametrize("package", PACKAGES)
def test_each_public_name_is_documented_once(package):
    for name in PACKAGES[package].__all__:
        if package == "spongewatch.transports.testing" and name in spongewatch.transports.__all__:
            continue  # documented there
        assert documented()[f"{package}.{name}"] == 1, name


def test_the_only_other_documented_names_are_the_fixtures():
    public = {f"{name}.{member}" for name, package in PACKAGES.items() for member in package.__all__}
    module = "spongewatch.transports.testing.fixtures"
    source = (ROOT / "transports/testing/fixtures.py").read_text()
    fixtures = {f"{module}.{name}" for name in re.findall(r"^def (spongewatch_\w+)", source, re.MULTILINE)}
    assert {*documented()} - public == fixtures


def test_an_alias_is_documented_as_it_is_defined():
    aliases = ALIAS.findall("".join(PAGES.values()))
    assert len(aliases) == "".join(PAGES.values()).count("py:type::")
    for package, name, meaning in aliases:
        known = {**vars(spongewatch), "Callable": Callable, "Literal": Literal}
        assert getattr(PACKAGES[package], name) == eval(meaning, known)


# The command line.


def table(columns, rows):
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, ["---"] * len(columns), *rows))


def arguments(command):
    """Return the tables that the page must contain for a command, one for each group of arguments."""
    groups = {}
    for group in command._action_groups:
        title = "" if group.title in ("positional arguments", "options") else f"{group.title.capitalize()}:\n\n"
        for action in group._group_actions:
            if action.dest != "help":
                groups.setdefault(title, []).append(row(action))
    return "\n".join(title + table(*without_an_empty_column(rows)) for title, rows in groups.items())


def row(action):
    value = "|".join(action.choices) if action.metavar is None and action.choices else action.metavar
    words = [*action.option_strings[-1:], *([] if action.nargs == 0 else [value])]
    text, default = re.fullmatch(r"(.*?)(?: \(default:? (.*)\))?", action.help).groups()
    text = re.sub(r"(?<!\S)--?(?!\S)", r"`\g<0>`", text)
    return [f"`{' '.join(words)}`".replace("|", r"\|"), text, default or ""]


def without_an_empty_column(rows):
    columns = 3 if any(default for _, _, default in rows) else 2
    return ["argument", "what it is", "default"][:columns], [cells[:columns] for cells in rows]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_arguments_of_a_command_match_its_help(name):
    [commands] = [action for action in parser()._actions if isinstance(action.choices, dict)]
    tables = arguments(commands.choices[name])
    assert f"\n\n{tables}\n" in SECTIONS[name] if tables else "argument |" not in SECTIONS[name], tables


def test_all_scenarios_are_documented():
    rows = [[f"`{name}`", scenario.description] for name, scenario in SCENARIOS.items()]
    assert table(["scenario", "what it plays"], rows) in SECTIONS["simulate"]


@pytest.mark.parametrize("category", [ErrorCategory.FAILED, ErrorCategory.ABANDONED])
def test_all_error_codes_are_documented(category):
    rows = [
        [str(code.code), code.explanation, code.remedy.name]
        for code in ERROR_CODES.values()
        if code.category is category
    ]
    section = PAGES["error-codes.md"].partition(f"## {category.name}\n")[2].partition("\n##")[0]
    assert section.endswith(table(["code", "meaning", "remedy"], rows))


# The formats.


def test_each_schema_is_linked_from_the_page_of_its_format():
    assert sorted(name for names in FORMATS.values() for name in names) == [*SCHEMAS]
    for page, names in FORMATS.items():
        for name in names:
            assert f"](schemas/{name})" in PAGES[page]


@pytest.mark.parametrize("page", FORMATS)
def test_a_page_documents_the_keys_of_its_schemas(page):
    documented = {key for cell in KEYS.findall(PAGES[page]) for key in re.findall(r"`([\w-]+)`", cell)}
    assert documented == {key for name in FORMATS[page] for key in keys(SCHEMAS[name])} - NESTED[page]


POLICY = {*spongewatch.PollPolicy().to_json()}
NESTED = {
    "json-lines.md": set(),
    "saved-session.md": {"code", "phase", "name", "reason", "detail", *POLICY},
    "trace-format.md": {*SCHEMAS["trace.schema.json"]["$defs"]["resumed"]["properties"], *POLICY},
}
"""Keys of nested objects, which are documented in the row of the object."""


def keys(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from keys(part)


@pytest.mark.parametrize("page", FORMATS)
def test_the_examples_of_a_page_are_valid(page):
    shown = re.findall(r"^```json\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    shown += re.findall(r"^(\{\".*\})$", PAGES[page], re.MULTILINE) if page == "json-lines.md" else []
    schemas = [Draft202012Validator(SCHEMAS[name]) for name in FORMATS[page]]
    for text in shown:
        assert any(schema.is_valid(json.loads(text)) for schema in schemas), text


@pytest.mark.parametrize("trace", sorted(ROOT.glob("docs/traces/*.jsonl")), ids=lambda path: path.name)
def test_the_traces_of_the_pages_contain_all_keys_that_are_written(trace):
    schema = Draft202012Validator({"$defs": SCHEMAS["trace.schema.json"]["$defs"], "$ref": "#/$defs/written"})
    for line in trace.read_text().splitlines():
        assert schema.is_valid(json.loads(line)), line

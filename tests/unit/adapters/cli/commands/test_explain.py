import json
import sys
from io import StringIO

import pytest

from spongewatch import ERROR_CODES
from spongewatch.adapters.cli.command_line import main
from spongewatch.adapters.phrases import REMEDIES


def test_each_code_is_one_line(capsys):
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(ERROR_CODES)
    assert lines[0] == "   1  FAILED     fix the setup   CloudSponge did not accept the domain key and password."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "514",
            " 514  ABANDONED  The person declined to share their contacts.\n"
            "                 Ask the person: they must act before a new import can succeed.\n",
        ),
        (
            "4711",
            "4711  UNKNOWN    The service returned the error code 4711, which its documentation does not list.\n"
            "                 No remedy is known.\n",
        ),
    ],
)
def test_one_code_has_its_explanation_and_remedy(capsys, code, text):
    assert main(["explain", code]) == 0
    assert capsys.readouterr() == (text, "")


@pytest.mark.parametrize("code", ERROR_CODES)
def test_each_listed_code_has_its_explanation_and_remedy(capsys, code):
    assert main(["explain", str(code)]) == 0
    listed = ERROR_CODES[code]
    explanation, remedy = capsys.readouterr().out.splitlines()
    assert explanation.split(maxsplit=2) == [str(code), listed.category.value, listed.explanation]
    assert remedy.strip() == REMEDIES[listed.remedy]


@pytest.mark.parametrize("code", ["0", "-5", "+515", "9" * 300])
def test_any_number_is_accepted_and_unknown(capsys, code):
    assert main(["explain", code]) == 0
    assert "UNKNOWN" in capsys.readouterr().out


@pytest.fixture
def terminal(monkeypatch):
    """Runs the command on a terminal and returns the lines on it."""

    class Terminal(StringIO):
        def isatty(self):
            return True

    def explained(*arguments, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        stream = Terminal()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            assert main(["explain", *arguments]) == 0
        return stream.getvalue().splitlines()

    return explained


@pytest.mark.parametrize("columns", [20, 40, 58, 80, 200])
def test_on_a_terminal_all_codes_fit_and_are_complete(terminal, columns):
    lines = terminal(columns=columns)
    assert max(map(len, lines)) <= columns
    words = " ".join(" ".join(lines).split())
    for code in ERROR_CODES.values():
        assert f" {code.code} {code.category.value} " in words
        assert columns < 40 or code.explanation in words


def test_on_a_terminal_an_explanation_is_wrapped_in_its_column(terminal):
    assert terminal(columns=80)[:3] == [
        "code  category   remedy          explanation",
        "   1  FAILED     fix the setup   CloudSponge did not accept the domain key and",
        "                                 password.",
    ]


def test_on_a_narrow_terminal_the_explanation_is_below_its_code(terminal):
    assert terminal(columns=40)[2:5] == [
        "1  FAILED     fix the setup",
        "  CloudSponge did not accept the domain",
        "  key and password.",
    ]


def test_on_a_terminal_one_code_is_wrapped(terminal):
    assert terminal("514", columns=50) == [
        " 514  ABANDONED  The person declined to share",
        "                 their contacts.",
        "                 Ask the person: they must act",
        "                 before a new import can succeed.",
    ]
    assert terminal("1", columns=30) == [
        "1  FAILED",
        "  CloudSponge did not accept",
        "  the domain key and password.",
        "  Fix the setup: the",
        "  application or its",
        "  CloudSponge account must be",
        "  changed.",
    ]


def test_the_command_works_without_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["explain"]) == 0


def test_as_json_one_code_is_an_object(capsys):
    assert main(["explain", "514", "--json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (
        {
            "code": 514,
            "category": "ABANDONED",
            "explanation": "The person declined to share their contacts.",
            "remedy": "ASK_USER",
        },
        "",
    )
    assert list(json.loads(out)) == ["code", "category", "explanation", "remedy"]
    assert out.isascii()


def test_as_json_an_unlisted_code_has_the_category_unknown(capsys):
    assert main(["explain", "4711", "--json"]) == 0
    obj = json.loads(capsys.readouterr().out)
    assert (obj["code"], obj["category"], obj["remedy"]) == (4711, "UNKNOWN", "NONE")


def test_as_json_all_codes_are_one_array(capsys):
    assert main(["explain", "--json"]) == 0
    out = capsys.readouterr().out
    assert [obj["code"] for obj in json.loads(out)] == list(ERROR_CODES)
    assert out.isascii()

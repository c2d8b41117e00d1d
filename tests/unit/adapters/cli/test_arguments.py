import re
from pathlib import Path

import pytest

from spongewatch import __version__
from spongewatch.adapters.cli.arguments import COMMANDS, parse, parser
from spongewatch.adapters.cli.exit_status import EXIT_STATUSES

PAGE = Path(__file__).parents[4] / "docs/reference/command-line.md"
OPTION = re.compile(r"--[a-z]+(?:-[a-z]+)*")


def refused(*words):
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 2


def told(capsys, *words):
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "spongewatch: the following arguments are required: COMMAND; 'spongewatch --help'"),
        (["watc"], "spongewatch: there is no such command; did you mean watch?; 'spongewatch --help'"),
        (["Explian"], "spongewatch: there is no such command; did you mean explain?; 'spongewatch --help'"),
        (["hunter2"], f"spongewatch: there is no such command; there are {', '.join(COMMANDS)}; 'spongewatch --help'"),
        (["--verbose", "watch", "1"], "spongewatch: unknown option --verbose; 'spongewatch --help'"),
        (["--", "watch", "1"], "spongewatch: unknown option --; 'spongewatch --help'"),
        (
            ["replay"],
            "spongewatch replay: the following arguments are required: PATH; 'spongewatch replay --help'",
        ),
        (["replay", "x", "--json"], "spongewatch replay: unknown option --json; 'spongewatch replay --help'"),
        (["replay", "x", "--\x1b[2J"], "spongewatch replay: unknown option --\\x1b[2J; 'spongewatch replay --help'"),
        (
            ["replay", "x", "y"],
            "spongewatch replay: there are more words than the command takes; 'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "--speed"],
            "spongewatch replay: argument --speed: expected one argument; 'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "--speed", "0"],
            "spongewatch replay: argument --speed: a speed is a number above 0, such as 20; "
            "'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "--jsonl=yes"],
            "spongewatch replay: argument --jsonl: it takes no value; 'spongewatch replay --help'",
        ),
        (
            ["explain", "abc"],
            "spongewatch explain: argument CODE: an error code is a number, such as 514; 'spongewatch explain --help'",
        ),
        (
            ["simulate", "--port", "65536"],
            "spongewatch simulate: argument --port: a port is a number from 0, which is any, to 65535; "
            "'spongewatch simulate --help'",
        ),
        (
            ["completion", "fish"],
            "spongewatch completion: argument SHELL: it is bash, zsh or tcsh; 'spongewatch completion --help'",
        ),
        (
            ["watch"],
            "spongewatch watch: the following arguments are required: IMPORT_ID; 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--format", "yaml"],
            "spongewatch watch: argument --format: it is json or xml; 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--auth", "digest"],
            "spongewatch watch: argument --auth: it is basic or query; 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--interval", "none"],
            "spongewatch watch: argument --interval: a time is a number of seconds from 0.001 to 1,000,000,000, "
            "such as 120; 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--timeout", "1m"],
            "spongewatch watch: argument --timeout: a time is a number of seconds from 0.001 to 1,000,000,000, "
            "such as 120; none takes the budget away; 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--jsonl", "--quiet"],
            "spongewatch watch: argument --quiet: not allowed with argument --jsonl; 'spongewatch watch --help'",
        ),
        (["watch", "1", "--base", "https://a"], "spongewatch watch: unknown option --base; 'spongewatch watch --help'"),
        (
            ["watch", "--", "-x", "--base-url", "http://127.0.0.1:1"],
            "spongewatch watch: options go before --, since behind it words are taken as they are; "
            "'spongewatch watch --help'",
        ),
        (
            ["watch", "--quite", "--", "-x", "--jsonl"],
            "spongewatch watch: unknown option --quite; 'spongewatch watch --help'",
        ),
        (
            ["watch", "--", "-x", "y"],
            "spongewatch watch: there are more words than the command takes; 'spongewatch watch --help'",
        ),
        (["watch", "1", "-phunter2"], "spongewatch watch: unknown option -p; 'spongewatch watch --help'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_the_way_out(capsys, words, line):
    refused(*words)
    assert capsys.readouterr() == ("", f"{line} shows what there is\n")


@pytest.mark.parametrize(
    "words",
    [
        ["hunter2"],
        ["--password", "hunter2", "watch", "1"],
        ["watch", "1", "--password", "hunter2"],
        ["watch", "1", "--password=hunter2"],
        ["watch", "1", "-phunter2"],
        ["watch", "1", "--quiet=hunter2"],
        ["watch", "1", "hunter2"],
        ["watch", "--", "-1", "--hunter2"],
        ["watch", "1", "--auth", "demo-key:hunter2"],
        ["watch", "1", "--format=demo-key:hunter2"],
        ["watch", "1", "--timeout", "hunter2"],
        ["watch", "1", "--interval", "hunter2"],
        ["replay", "x", "--speed", "hunter2"],
        ["simulate", "--port", "hunter2"],
        ["explain", "hunter2"],
        ["completion", "hunter2"],
    ],
)
def test_what_may_be_a_password_is_not_repeated(capsys, words):
    refused(*words)
    assert "hunter2" not in capsys.readouterr().err


def test_a_command_gives_its_options_and_what_they_are_for():
    options = parse(["replay", "x", "--speed", "2"])
    assert (options.path, options.speed, options.jsonl) == ("x", 2.0, False)
    assert options.run.__module__ == "spongewatch.adapters.cli.commands.replay"


def test_an_option_goes_before_and_behind_the_words_of_its_command():
    assert parse(["watch", "--quiet", "1"]).quiet
    assert parse(["watch", "1", "--quiet"]).quiet


def test_the_version(capsys):
    assert told(capsys, "--version") == f"spongewatch {__version__}\n"


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_the_help_names_the_commands_and_the_exit_statuses(capsys, monkeypatch, word):
    monkeypatch.setenv("COLUMNS", "80")
    out = told(capsys, word)
    for name, summary in COMMANDS.items():
        assert re.search(rf"^    {name} +{summary}$", out, re.MULTILINE)
    assert EXIT_STATUSES in out


@pytest.mark.parametrize("columns", ["200", "80", "60"])
@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)], ids=lambda words: " ".join(words))
def test_the_help_fits_the_terminal_and_ends_with_an_example(capsys, monkeypatch, words, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = told(capsys, *words, "--help")
    told_first, _, examples = out.partition("\nexample:\n")
    assert max(map(len, told_first.splitlines())) < min(int(columns), 80)
    assert max(map(len, examples.splitlines())) < 80
    assert all(line.startswith("  ") for line in examples.splitlines())
    assert re.search(rf"^  .*spongewatch {' '.join(words)}", examples, re.MULTILINE)


def test_a_column_of_the_help_is_folded_under_itself(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = told(capsys, "simulate", "--help")
    assert "  abandoned      consent declined\n                 after 3 s, code 514\n" in out
    assert out.endswith("  spongewatch simulate abandoned --speed 2\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_tells_each_default_and_each_option_something(name):
    [commands] = [action for action in parser()._actions if isinstance(action.choices, dict)]
    for action in commands.choices[name]._actions:
        assert action.help, action.dest
        if action.metavar == "S":
            assert "(default " in action.help


def test_the_page_tells_the_options_that_there_are_and_no_others():
    sections = re.split(r"^## `([a-z]+)`$", PAGE.read_text(), flags=re.MULTILINE)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    [commands] = [action for action in parser()._actions if isinstance(action.choices, dict)]
    assert {*told} == {*COMMANDS}
    for name, section in told.items():
        table = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| `--")]
        named = {option for line in table for option in OPTION.findall(line.split(" | ")[0])}
        declared = {word for action in commands.choices[name]._actions for word in action.option_strings}
        assert named == declared - {"-h", "--help"}, name

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


def printed(capsys, *words):
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "spongewatch: the following arguments are required: COMMAND; see 'spongewatch --help'"),
        (["watc"], "spongewatch: unknown command 'watc'; did you mean 'watch'?"),
        (["Explian"], "spongewatch: unknown command 'Explian'; did you mean 'explain'?"),
        (["hunter2"], "spongewatch: unknown command; see 'spongewatch --help'"),
        (["--verbose", "watch", "1"], "spongewatch: unknown option --verbose; see 'spongewatch --help'"),
        (["--", "watch", "1"], "spongewatch: unknown option --; see 'spongewatch --help'"),
        (
            ["replay"],
            "spongewatch replay: the following arguments are required: PATH; see 'spongewatch replay --help'",
        ),
        (["replay", "x", "--json"], "spongewatch replay: unknown option --json; see 'spongewatch replay --help'"),
        (
            ["replay", "x", "--\x1b[2J"],
            "spongewatch replay: unknown option --\\x1b[2J; see 'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "y"],
            "spongewatch replay: too many arguments; see 'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "--speed"],
            "spongewatch replay: argument --speed: expected one argument; see 'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "--speed", "0"],
            "spongewatch replay: --speed must be a number greater than 0, such as 20; see 'spongewatch replay --help'",
        ),
        (
            ["replay", "x", "--jsonl=yes"],
            "spongewatch replay: --jsonl takes no value; see 'spongewatch replay --help'",
        ),
        (
            ["explain", "abc"],
            "spongewatch explain: CODE must be the number of an error code, such as 514; see 'spongewatch explain --help'",
        ),
        (
            ["simulate", "--port", "65536"],
            "spongewatch simulate: --port must be a number from 0 (any free port) to 65535; "
            "see 'spongewatch simulate --help'",
        ),
        (
            ["completion", "fish"],
            "spongewatch completion: SHELL must be bash, zsh or tcsh; see 'spongewatch completion --help'",
        ),
        (
            ["watch"],
            "spongewatch watch: the following arguments are required: IMPORT_ID; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--format", "yaml"],
            "spongewatch watch: --format must be json or xml; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--auth", "digest"],
            "spongewatch watch: --auth must be basic or query; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--interval", "none"],
            "spongewatch watch: --interval must be a number of seconds from 0.001 to 1,000,000,000, "
            "such as 120; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--timeout", "1m"],
            "spongewatch watch: --timeout must be a number of seconds from 0.001 to 1,000,000,000, "
            "such as 120, or none for no limit; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--jsonl", "--quiet"],
            "spongewatch watch: argument --quiet: not allowed with argument --jsonl; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "1", "--base", "https://a"],
            "spongewatch watch: unknown option --base; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "--", "-x", "--base-url", "http://127.0.0.1:1"],
            "spongewatch watch: options must be placed before --; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "--quite", "--", "-x", "--jsonl"],
            "spongewatch watch: unknown option --quite; see 'spongewatch watch --help'",
        ),
        (
            ["watch", "--", "-x", "y"],
            "spongewatch watch: too many arguments; see 'spongewatch watch --help'",
        ),
        (["watch", "1", "-phunter2"], "spongewatch watch: unknown option -p; see 'spongewatch watch --help'"),
    ],
)
def test_a_usage_error_is_one_line(capsys, words, line):
    refused(*words)
    assert capsys.readouterr() == ("", f"{line}\n")


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
def test_a_possible_password_is_not_repeated(capsys, words):
    refused(*words)
    assert "hunter2" not in capsys.readouterr().err


def test_the_options_name_the_function_that_runs_the_command():
    options = parse(["replay", "x", "--speed", "2"])
    assert (options.path, options.speed, options.jsonl) == ("x", 2.0, False)
    assert options.run.__module__ == "spongewatch.adapters.cli.commands.replay"


def test_options_may_be_placed_before_and_after_other_arguments():
    assert parse(["watch", "--quiet", "1"]).quiet
    assert parse(["watch", "1", "--quiet"]).quiet


def test_the_version_is_printed(capsys):
    assert printed(capsys, "--version") == f"spongewatch {__version__}\n"


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_the_help_names_the_commands_and_the_exit_statuses(capsys, monkeypatch, word):
    monkeypatch.setenv("COLUMNS", "80")
    out = printed(capsys, word)
    for name, summary in COMMANDS.items():
        assert re.search(rf"^    {name} +{summary}$", out, re.MULTILINE)
    assert EXIT_STATUSES in out


@pytest.mark.parametrize("columns", ["200", "80", "60"])
@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)], ids=lambda words: " ".join(words))
def test_the_help_fits_the_terminal_and_ends_with_an_example(capsys, monkeypatch, words, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = printed(capsys, *words, "--help")
    text, _, examples = out.partition("\nexample:\n")
    assert max(map(len, text.splitlines())) < min(int(columns), 80)
    assert max(map(len, examples.splitlines())) < 80
    assert all(line.startswith("  ") for line in examples.splitlines())
    assert re.search(rf"^  .*spongewatch {' '.join(words)}", examples, re.MULTILINE)


def test_a_column_of_the_help_is_wrapped_under_itself(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = printed(capsys, "simulate", "--help")
    assert "  abandoned      consent declined\n                 after 3 s, code 514\n" in out
    assert out.endswith("  spongewatch simulate abandoned --speed 2\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_a_help_text_and_each_time_a_default(name):
    [commands] = [action for action in parser()._actions if isinstance(action.choices, dict)]
    for action in commands.choices[name]._actions:
        assert action.help, action.dest
        if action.metavar == "S":
            assert "(default " in action.help


def test_the_reference_page_lists_exactly_the_options():
    sections = re.split(r"^## `([a-z]+)`$", PAGE.read_text(), flags=re.MULTILINE)
    documented = dict(zip(sections[1::2], sections[2::2], strict=True))
    [commands] = [action for action in parser()._actions if isinstance(action.choices, dict)]
    assert {*documented} == {*COMMANDS}
    for name, section in documented.items():
        table = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| `--")]
        named = {option for line in table for option in OPTION.findall(line.split(" | ")[0])}
        declared = {word for action in commands.choices[name]._actions for word in action.option_strings}
        assert named == declared - {"-h", "--help"}, name

import sys

import pytest

from spongewatch.adapters.cli.arguments import COMMANDS
from spongewatch.adapters.cli.command_line import main
from spongewatch.transports import SCENARIOS


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_the_script_contains_the_commands_and_the_scenarios(capsys, shell):
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for word in [*COMMANDS, *SCENARIOS, "lost-contact-timeout"]:
        assert word in out


def test_without_the_extra_the_command_names_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert capsys.readouterr() == (
        "",
        'spongewatch: completion needs an extra; run: pip install "spongewatch[completion]"\n',
    )

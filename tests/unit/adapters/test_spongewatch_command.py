import signal
import sys

import pytest

from spongewatch_command import main


@pytest.fixture(autouse=True)
def arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["spongewatch", "explain", "514"])


@pytest.mark.parametrize(
    ("before", "meanwhile"),
    [
        (signal.default_int_handler, signal.SIG_DFL),
        (signal.SIG_IGN, signal.SIG_IGN),  # as it is for a job in the background
    ],
)
def test_an_interrupt_ends_the_process_unless_it_is_ignored(capsys, before, meanwhile):
    kept = signal.signal(signal.SIGINT, before)
    try:
        assert main() == 0
        assert signal.getsignal(signal.SIGINT) is meanwhile
    finally:
        signal.signal(signal.SIGINT, kept)
    assert capsys.readouterr().out.startswith(" 514  ABANDONED  ")

import subprocess
import sys

import pytest

from spongewatch.transports import testing


def test_the_public_names():
    assert testing.__all__ == [
        "AsyncFramingContract",
        "AsyncKeepAliveContract",
        "AsyncTransportContract",
        "FramingContract",
        "HandlerTransport",
        "KeepAliveContract",
        "PlayedPoll",
        "ScriptedService",
        "TransportContract",
    ]


@pytest.mark.parametrize("name", testing.__all__)
def test_each_public_name_exists(name):
    assert getattr(testing, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Telepathy'"):
        _ = testing.Telepathy


def test_importing_it_loads_neither_pytest_nor_a_server():
    program = (
        "import sys, spongewatch.transports.testing;"
        "print(*sorted({'pytest', '_pytest', 'pluggy', 'ssl', 'http.server', 'asyncio'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_plugin_brings_the_fixtures():
    assert testing.pytest_plugins == ["spongewatch.transports.testing.fixtures"]

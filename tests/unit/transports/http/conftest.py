import asyncio

import pytest

from asyncio_requests import LOOPS
from http_requests import AUTHORITY
from leftovers import nothing_left
from spongewatch.transports import Urllib3Transport


@pytest.fixture
def transport():
    with Urllib3Transport() as transport:
        yield transport


@pytest.fixture(params=LOOPS)
def run(request, no_proxy_variables):
    """A function that runs a coroutine function on a new event loop, and checks that it leaves nothing behind."""
    new_loop = LOOPS[request.param]

    def run(main):
        with nothing_left(), asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(main())

    run.on_uvloop = request.param == "uvloop"
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.sleep(0))  # uvloop opens a pipe that stays open
    return run


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def no_proxy_variables(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

import pytest

from http_requests import AUTHORITY
from spongewatch.transports import Urllib3Transport


@pytest.fixture
def transport():
    with Urllib3Transport() as transport:
        yield transport


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

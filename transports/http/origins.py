"""Where a request goes: the origin and the request target of its URL, and the proxy in between."""

import re
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple, final

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ...core import LocalProtocolError
from ...core._shared import Secret
from .proxies import HOST, Proxies, Proxy

_REMEMBERED: Final = 64
"""Origins that are not parsed again."""

_NORMAL_URL: Final = re.compile(r"(https?://[^/?#\s]+)(/[\w\-.~!$&'()*+,;=:@/?%]*)", re.ASCII)
"""A URL whose path and query need no escapes; `/.` would also need dot segments removed (RFC 3986 §5.2.4)."""


class Origin(NamedTuple):
    """The server that a connection leads to, and the proxy in between."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None

    @property
    def authority(self) -> str:
        """Host and port as in a Host header (RFC 9110 §7.2): the port only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS: Final = {"http": 80, "https": 443}


@final
class Routes:
    """Finds the origin of a URL; polls of many imports at one service parse its host and port once.

    >>> Routes(Proxies(trust_env=False)).find(Secret("https://api.example/events/1126.json?echo=a"))
    (Origin(scheme='https', host='api.example', port=443, proxy=None), '******')
    """

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._origin = lru_cache(_REMEMBERED)(self._parsed_origin)

    def find(self, url: Secret) -> tuple[Origin, Secret]:
        """Return the origin of `url`, and the target for the request line.

        Raises:
            LocalProtocolError: The URL can't be requested, or the environment names a proxy that can't be used.
        """
        site, target = _split(url)
        origin = self._origin(site)
        if origin.proxy is not None and origin.scheme == "http":  # RFC 9112 §3.2.2: the absolute form
            target = Secret(f"http://{origin.authority}{target}")
        return origin, target

    def _parsed_origin(self, site: Secret) -> Origin:
        origin = _parsed(site)
        if isinstance(origin, str):
            raise LocalProtocolError(origin)
        return origin._replace(proxy=self._proxies.leading_to(*origin[:3]))


def _split(url: Secret) -> tuple[Secret, Secret]:
    """Return the URL up to its path, and the rest."""
    normal = _NORMAL_URL.fullmatch(url)
    if normal is not None and "/." not in normal[2]:
        return Secret(normal[1]), Secret(normal[2])
    with suppress(LocationParseError):  # its message is the URL
        parsed = parse_url(url)
        return Secret(parsed._replace(path=None, query=None, fragment=None).url), Secret(parsed.request_uri)
    return url, Secret("/")


def _parsed(site: Secret) -> Origin | str:
    """Return an origin without its proxy, or what is wrong with the URL."""
    parsed = None
    with suppress(LocationParseError):
        parsed = parse_url(site)
    if parsed is None:
        return "the url of a request can't be read"
    if parsed.scheme not in _PORTS or not parsed.host or not HOST.fullmatch(parsed.host):
        return "the url of a request starts with http:// or https://, and a host follows"
    if parsed.auth is not None:
        return "credentials stand in a header of a request, not in its url"
    port = parsed.port if parsed.port is not None else _PORTS[parsed.scheme]
    return Origin(parsed.scheme, parsed.host.strip("[]"), port, None)

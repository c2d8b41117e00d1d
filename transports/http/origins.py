"""`Routes`: finds the origin, the proxy and the request target for a URL."""

import re
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple, final

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ...core import InvalidArgument
from ...core._shared import Secret
from .proxies import HOST, Proxies, Proxy

_REMEMBERED: Final = 64
"""Number of origins that are cached."""

_NORMAL_URL: Final = re.compile(r"(https?://[^/?#\s]+)(/[\w\-.~!$&'()*+,;=:@/?%]*)", re.ASCII)
"""A URL whose path and query are sent as they are, unless it has dot segments (RFC 3986 §5.2.4)."""


class Origin(NamedTuple):
    """The server that a connection leads to, and the proxy in between."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None

    @property
    def authority(self) -> str:
        """The host and the port for a Host header (RFC 9110 §7.2), which leaves out the default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS: Final = {"http": 80, "https": 443}


@final
class Routes:
    """Finds the origin and the request target for a URL; origins are cached, because most requests share one.

    >>> Routes(Proxies(trust_env=False)).find(Secret("https://api.example/events/1126.json?echo=a"))
    (Origin(scheme='https', host='api.example', port=443, proxy=None), '******')
    """

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._origin = lru_cache(_REMEMBERED)(self._parsed_origin)

    def find(self, url: Secret) -> tuple[Origin, Secret]:
        """Return the origin of `url`, and the target for the request line.

        Raises:
            InvalidArgument: The URL can't be requested, or the environment names an unusable proxy.
        """
        site, target = _split(url)
        origin = self._origin(site)
        if origin.proxy is not None and origin.scheme == "http":  # RFC 9112 §3.2.2
            target = Secret(f"http://{origin.authority}{target}")
        return origin, target

    def _parsed_origin(self, site: Secret) -> Origin:
        origin = _parsed(site)
        if isinstance(origin, str):
            raise InvalidArgument(origin)
        return origin._replace(proxy=self._proxies.proxy_for(*origin[:3]))


def _split(url: Secret) -> tuple[Secret, Secret]:
    """Return the part of the URL before its path, and the request target."""
    normal = _NORMAL_URL.fullmatch(url)
    if normal is not None and "/." not in normal[2]:
        return Secret(normal[1]), Secret(normal[2])
    with suppress(LocationParseError):  # its message is the URL
        parsed = parse_url(url)
        return Secret(parsed._replace(path=None, query=None, fragment=None).url), Secret(parsed.request_uri)
    return url, Secret("/")


def _parsed(site: Secret) -> Origin | str:
    """Return the origin without its proxy, or the message of an error without the URL, which may hold credentials."""
    parsed = None
    with suppress(LocationParseError):
        parsed = parse_url(site)
    if parsed is None:
        return "url can't be parsed"
    if parsed.scheme not in _PORTS or not parsed.host or not HOST.fullmatch(parsed.host):
        return "url must start with http:// or https:// and a host"
    if parsed.auth is not None:
        return "url must not contain credentials; send them in a header"
    port = parsed.port if parsed.port is not None else _PORTS[parsed.scheme]
    return Origin(parsed.scheme, parsed.host.strip("[]"), port, None)

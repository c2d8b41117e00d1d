"""`Proxies`: chooses the proxy for a host, from an argument or the usual environment variables."""

import re
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton
from typing import Final, final
from urllib.parse import unquote_to_bytes
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ...core import InvalidArgument
from ...core._shared import Secret

_LOOPBACK: Final = re.compile(r"127(\.[0-9]{1,3}){3}|::1|localhost")  # where the core allows plain http, too
_PORT: Final = 80

HOST: Final = re.compile("[!-~]+")
"""The characters of a host; some versions of urllib3 accept others, too."""


@final
@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; `authorization` is the value of the Proxy-Authorization header."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)


@final
class Proxies:
    """The proxies to use: one for every host, or those that the environment names.

    The environment is read once, as the standard library does. Requests to this machine never use a proxy, because for
    a proxy `localhost` is another machine.

    Args:
        url: The URL of the proxy for every host; None uses the environment.
        trust_env: Whether to read the environment.

    Raises:
        InvalidArgument: `url` is not the URL of an HTTP proxy.

    >>> Proxies(Secret("http://user:pass@proxy.example:3128")).proxy_for("https", "api.example", 443)
    Proxy(host='proxy.example', port=3128)
    """

    def __init__(self, url: Secret | None = None, *, trust_env: bool = True) -> None:
        self._for_all = None if url is None else _proxy("proxy", url)
        self._variables = {name: Secret(value) for name, value in getproxies_environment().items()} if trust_env else {}

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for a host, or None for a direct connection.

        Args:
            scheme: "http" or "https".
            host: The host in lower case, an IPv6 address without brackets.
            port: The port.

        Raises:
            InvalidArgument: The environment variable that applies is not the URL of an HTTP proxy.
        """
        host = host.rstrip(".")
        if _is_this_machine(host):
            return None
        if self._for_all is not None:
            return self._for_all
        name = scheme if scheme in self._variables else "all"
        if name not in self._variables or self._bypassed(host, port):
            return None
        return _proxy(f"{name}_proxy", self._variables[name])

    def _bypassed(self, host: str, port: int) -> bool:
        address = _address(host)
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if address is None:
            return bool(proxy_bypass_environment(authority, self._variables))
        # The standard library doesn't support networks such as 10.0.0.0/8.
        entries = [entry.strip() for entry in self._variables.get("no", "").split(",")]
        return any(entry in ("*", host, authority) or address in _network(entry) for entry in entries)


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    address = getattr(address, "ipv4_mapped", None) or address
    known = address is not None and (address.is_loopback or address.is_unspecified)
    return known or _LOOPBACK.fullmatch(host) is not None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(host)
    with suppress(OSError, ValueError):
        return ip_address(inet_aton(host))  # the system also accepts short forms such as 127.1
    return None


def _network(entry: str) -> IPv4Network | IPv6Network | tuple[()]:
    try:
        return ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return ()


def _proxy(name: str, url: Secret) -> Proxy:
    """Parse the URL of a proxy; errors contain `name`, not the URL, which may hold a password."""
    proxy = _parsed(url)
    if proxy is None:
        raise InvalidArgument(
            f"{name} must be the URL of an HTTP proxy, such as http://proxy.example:3128; "
            "other kinds of proxy are not supported"
        )
    return proxy


def _parsed(url: Secret) -> Proxy | None:
    parsed = None
    with suppress(LocationParseError):  # its message is the URL
        parsed = parse_url(url.strip() if "://" in url else f"http://{url.strip()}")
    host = (parsed and parsed.host) or ""
    if not parsed or parsed.scheme != "http" or not HOST.fullmatch(host) or parsed.port == 0:
        return None
    if parsed.request_uri != "/" or parsed.fragment:
        return None
    return Proxy(host.strip("[]"), parsed.port or _PORT, None if parsed.auth is None else _basic(parsed.auth))


def _basic(auth: str) -> str:
    user, _, password = auth.partition(":")
    return "Basic " + b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode()

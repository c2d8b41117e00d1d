"""Which proxy leads to a host, if one does: what the usual variables of an environment say, or the caller.

The environment is an argument: whoever asks reads it, once. Nothing here connects. `urllib.request` reads the same
variables, but of its own process alone, and in `no_proxy` it knows no networks and no addresses of IPv6.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import inet_aton
from typing import Final, final
from urllib.parse import unquote_to_bytes

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from spongewatch import LocalProtocolError

_LOOPBACK: Final = re.compile(r"127(\.[0-9]{1,3}){3}|::1|localhost")  # where the core allows plain http
_WITH_PORT: Final = re.compile(r"(\[.*]|[^:]*):([0-9]{1,5})")
_PORT: Final = 80

HOST: Final = re.compile("[!-~]+")
"""What HTTP can carry as a host: of many versions of urllib3 more comes through, and `http.client` quotes it."""


@final
@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that is spoken to over plain HTTP; `authorization` is a header for it alone."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)


@final
class Proxies:
    """The proxies that `environment` names, or `proxy`, a url, for every host.

    Of `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` each counts in lower case before upper case, and
    one that is set to nothing names no proxy; `HTTP_PROXY` is passed over in a CGI script. This machine is never
    reached by way of a proxy, whoever names it: the proxy's `localhost` is another machine. Raises
    `LocalProtocolError` for a `proxy` that is no url of a proxy.

    >>> proxies = Proxies({"https_proxy": "http://user:pass@proxy.example:3128", "NO_PROXY": "intern.example"})
    >>> proxies.leading_to("https", "api.example", 443)
    Proxy(host='proxy.example', port=3128)
    >>> proxies.leading_to("https", "api.intern.example", 443) is None
    True
    """

    def __init__(self, environment: Mapping[str, str], proxy: str | None = None) -> None:
        self._for_all = None if proxy is None else _proxy("proxy", proxy)
        variables = dict(environment)  # which tells lower from upper case where the system doesn't
        self._variables = {scheme: _of_scheme(variables, scheme) for scheme in ("http", "https")}
        self._exceptions = re.split(r"[\s,]+", _variable(variables, "no_proxy")[1])

    def leading_to(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy on the way to `host`, in lower case and without brackets; None where the way is direct.

        Raises `LocalProtocolError` where the variable that counts can't be used, and names it, without its value.
        """
        host = host.rstrip(".")
        if _is_this_machine(host):
            return None
        if self._for_all is not None:
            return self._for_all
        name, url = self._variables[scheme]
        if not url or any(_means(entry, host, port) for entry in self._exceptions):
            return None
        return _proxy(name, url)


def _of_scheme(variables: Mapping[str, str], scheme: str) -> tuple[str, str]:
    name, url = _variable(variables, f"{scheme}_proxy")
    return (name, url) if url else _variable(variables, "all_proxy")


def _variable(variables: Mapping[str, str], name: str) -> tuple[str, str]:
    """What the variable is called, in lower case or upper case, and its value, which may be nothing."""
    if name not in variables and not (name == "http_proxy" and "REQUEST_METHOD" in variables):
        name = name.upper()  # in CGI, HTTP_PROXY is the header "Proxy" of a stranger
    return name, variables.get(name, "").strip()


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    address = getattr(address, "ipv4_mapped", None) or address
    known = address is not None and (address.is_loopback or address.is_unspecified)
    return known or _LOOPBACK.fullmatch(host) is not None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(host)
    with suppress(OSError, ValueError):
        return ip_address(inet_aton(host))  # such as 127.1, as the system reads it
    return None


def _means(entry: str, host: str, port: int) -> bool:
    """True where `entry`, a domain, an address or a network, with a port or without, is for the host."""
    if entry == "*":
        return True
    if match := _WITH_PORT.fullmatch(entry):
        entry = match[1]
        if int(match[2]) != port:
            return False
    name = entry.strip("[]").lstrip("*.").rstrip(".").lower()
    address = _address(host)
    if address is not None:
        with suppress(ValueError):
            return address in ip_network(name, strict=False)
        return name == host  # for a part of an address is none
    if not name.isascii():
        with suppress(LocationParseError):
            name = parse_url(f"http://{name}").host or name  # as the host is spelled
    return f".{host}".endswith(f".{name}")


def _proxy(name: str, url: str) -> Proxy:
    """The proxy at `url`, which is never told, for it may hold a password; `name` says where it stands."""
    parsed = None
    if isinstance(url, str):
        with suppress(LocationParseError):  # whose text is the url
            parsed = parse_url(url if "://" in url else f"http://{url}")
    host = (parsed and parsed.host) or ""
    if not parsed or not HOST.fullmatch(host) or parsed.port == 0 or parsed.request_uri != "/" or parsed.fragment:
        raise LocalProtocolError(f"{name} is no url of a proxy such as http://proxy.example:3128")
    if parsed.scheme != "http":
        raise LocalProtocolError(f"{name} is no http:// url, and no other kind of proxy is supported")
    return Proxy(host.strip("[]"), parsed.port or _PORT, None if parsed.auth is None else _basic(parsed.auth))


def _basic(auth: str) -> str:
    user, _, password = auth.partition(":")
    return "Basic " + b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode()

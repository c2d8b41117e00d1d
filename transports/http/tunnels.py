"""Tunnels through a proxy for TLS (RFC 9110 §9.3.6): the request that opens one, and what its response means."""

from ...core import TransportError
from .origins import Origin
from .proxies import Proxy


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """Return the CONNECT request for `origin`; the proxy learns only the host and the port."""
    authority = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"host: {authority}"]
    if proxy.authorization is not None:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode()


def connect_failure(status: int) -> TransportError | None:
    """Return the error for the `status` of a response to CONNECT, or None if the tunnel is open."""
    failure = f"CONNECT failed with status {status}"
    if status == 407:  # permanent: repeating a wrong password may lock the account
        return TransportError("refused", f"{failure}; check the user and password", permanent=True)
    if not 200 <= status <= 299:
        return TransportError("refused", failure)
    return None

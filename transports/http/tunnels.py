"""Tunnels through a proxy for TLS (RFC 9110 §9.3.6): the request that opens one, and what its response means."""

from ...core import TransportError
from .origins import Origin
from .proxies import Proxy


def tunnel_request(origin: Origin, proxy: Proxy) -> bytes:
    """Return the bytes that ask `proxy` for a tunnel to `origin`; it learns the host and the port alone."""
    authority = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"host: {authority}"]
    if proxy.authorization is not None:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode()


def refusal(status: int) -> TransportError | None:
    """Return the error that a proxy's `status` for CONNECT means, or None if the tunnel is open."""
    if status == 407:  # permanent: repeating a wrong password may lock the account
        return TransportError("refused", "it answers 407 to CONNECT and wants another user or password", True)
    if not 200 <= status <= 299:
        return TransportError("refused", f"it answers {status} to CONNECT")
    return None

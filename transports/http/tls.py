"""The TLS configuration of a transport."""

import asyncio
import os
import ssl
from typing import final

from ...core import InvalidArgument, InvalidType
from ...core._shared import shown


def given_context(context: ssl.SSLContext | None, ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext | None:
    """Return the configuration for the arguments `ssl_context` and `ca_file`, or None if neither is given.

    Raises:
        InvalidType: `ca_file` is not a path, or `ssl_context` not an `ssl.SSLContext`.
        InvalidArgument: `ca_file` can't be read, `ssl_context` does not verify, or both are given.
    """
    if context is None:
        if ca_file is None:
            return None
        if not isinstance(ca_file, str | os.PathLike):
            raise InvalidType(f"ca_file must be a path, not {type(ca_file).__name__}")
        return _context_trusting(os.fspath(ca_file))
    if ca_file is not None:
        raise InvalidArgument("ca_file and ssl_context must not be given together")
    if not isinstance(context, ssl.SSLContext):
        raise InvalidType(f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}")
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InvalidArgument("ssl_context must verify certificates and host names")
    return context


def system_context() -> ssl.SSLContext:
    """Return a configuration that trusts the certificates of the system; loading them takes 20 ms or more."""
    return _context_trusting(None)


def _context_trusting(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise InvalidArgument(f"ca_file must be a readable PEM file with certificates, not {shown(ca_file)}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


@final
class SharedContext:
    """The TLS configuration that all connections of an event loop share.

    Args:
        given: The configuration; None for that of the system, which a thread loads for the first connection over TLS.
    """

    def __init__(self, given: ssl.SSLContext | None) -> None:
        self._context = given
        self._loading: asyncio.Future[ssl.SSLContext] | None = None

    async def get(self) -> ssl.SSLContext:
        """Return the configuration."""
        if self._context is None:
            if self._loading is None:
                self._loading = asyncio.get_running_loop().run_in_executor(None, system_context)
            self._context = await asyncio.shield(self._loading)
        return self._context

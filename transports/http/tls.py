"""The TLS configuration of a transport: a given one, or one that trusts the system's certificates."""

import asyncio
import os
import ssl
from typing import final

from ...core import InvalidArgument, InvalidType, LocalProtocolError
from ...core._shared import shown


def given_context(context: ssl.SSLContext | None, ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext | None:
    """Return the configuration that a transport was given, or None if it was given none.

    Raises:
        InvalidType: `context` is not an `ssl.SSLContext`.
        InvalidArgument: `context` doesn't verify certificates and host names, or there is a `ca_file` as well.
        LocalProtocolError: `ca_file` can't be read.
    """
    if context is None:
        return None if ca_file is None else _trusting(os.fspath(ca_file))
    if ca_file is not None:
        raise InvalidArgument("ca_file and ssl_context can't be given together")
    if not isinstance(context, ssl.SSLContext):
        raise InvalidType(f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}")
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InvalidArgument("ssl_context must verify certificates and host names")
    return context


def system_context() -> ssl.SSLContext:
    """Return a configuration that trusts the system's certificates; loading them takes 20 ms or more."""
    return _trusting(None)


@final
class SharedContext:
    """The TLS configuration that the connections of an event loop share.

    Args:
        given: The configuration; None for the system's, which a thread loads when the first connection needs it.
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


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise LocalProtocolError(f"no certificates can be read from the ca_file {shown(ca_file)}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context

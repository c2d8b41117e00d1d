"""The two protocols; mypy checks that the classes here follow them."""

import asyncio
import inspect

import pytest

from spongewatch import Request, Response
from spongewatch.transports import AsyncTransport, ReplayTransport, ThreadedTransport, Transport, Urllib3Transport


@pytest.mark.parametrize("kind", [ReplayTransport, Urllib3Transport, ThreadedTransport])
def test_our_transports_have_the_methods_of_the_protocol(kind):
    protocol = AsyncTransport if kind is ThreadedTransport else Transport
    methods = [name for name in vars(protocol) if not name.startswith("_")]
    assert methods == ["send", "close"]
    for name in methods:
        ours, expected = (inspect.signature(getattr(cls, name)) for cls in (kind, protocol))
        assert ours.parameters.keys() == expected.parameters.keys()


def test_a_class_with_send_and_close_is_an_async_transport():
    class Constant:
        closed = False

        async def send(self, request: Request, *, timeout: float) -> Response:
            return Response(204)

        async def close(self) -> None:
            self.closed = True

    async def main() -> Response:
        try:
            return await transport.send(Request("GET", "https://api.example/events/1126"), timeout=1)
        finally:
            await transport.close()

    constant = Constant()
    transport: AsyncTransport = constant
    assert asyncio.run(main()) == Response(204)
    assert constant.closed

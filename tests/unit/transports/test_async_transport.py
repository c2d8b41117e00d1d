import asyncio

from spongewatch import Request, Response
from spongewatch.transports import AsyncTransport


def test_whatever_awaits_and_closes_is_one():
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

    made = Constant()
    transport: AsyncTransport = made
    assert asyncio.run(main()) == Response(204)
    assert made.closed

"""A transport for asyncio by httpx; it takes the settings that `httpx.AsyncClient` takes."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import httpx

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import AnswerBody, as_transport_error

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes down each url


class HttpxAsyncTransport:
    def __init__(self, **settings: Any) -> None:
        self._client = httpx.AsyncClient(timeout=None, **settings)

    async def send(self, request: Request, *, timeout: float) -> Response:
        if self._client.is_closed:
            raise LocalProtocolError("the transport is closed")
        with as_transport_error(httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            async with asyncio.timeout(timeout):
                return await self._exchange(request)

    async def close(self) -> None:
        await self._client.aclose()

    async def _exchange(self, request: Request) -> Response:
        headers = {"accept-encoding": "gzip", **request.headers}
        sent = httpx.Request(request.method, request.url, headers=headers)
        async with aclosing(await self._client.send(sent, stream=True)) as answer:
            body = AnswerBody(answer.headers.get("content-encoding"))
            async for piece in answer.aiter_raw():
                body.feed(piece)
            return Response(answer.status_code, dict(answer.headers), body.finish())

"""A transport for asyncio and httpx; it accepts the settings of `httpx.AsyncClient`."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import httpx

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import ResponseBody, as_transport_error

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs every URL


class HttpxAsyncTransport:
    def __init__(self, **settings: Any) -> None:
        settings["timeout"] = None
        self._client = httpx.AsyncClient(**settings)
        settings["limits"] = httpx.Limits(max_keepalive_connections=0)
        self._fresh = httpx.AsyncClient(**settings)

    async def send(self, request: Request, *, timeout: float) -> Response:
        if self._client.is_closed:
            raise LocalProtocolError("the transport is closed")
        with as_transport_error(httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return await self._exchange(request, asyncio.get_running_loop().time() + timeout)

    async def close(self) -> None:
        await self._client.aclose()
        await self._fresh.aclose()

    async def _exchange(self, request: Request, deadline: float) -> Response:
        headers = {"accept-encoding": "gzip", **request.headers}
        sent = httpx.Request(request.method, request.url, headers=headers, content=request.body or None)
        client = self._client if request.method == "GET" else self._fresh
        async with asyncio.timeout_at(deadline):
            streamed = await client.send(sent, stream=True)
        async with aclosing(streamed) as response:
            encoding = response.headers.get("content-encoding")
            with ResponseBody(response.status_code, encoding, request.max_body) as body:
                async with asyncio.timeout_at(deadline):  # inside, so that the status is returned if the body is late
                    async for piece in response.aiter_raw():
                        body.feed(piece)
        return Response(response.status_code, dict(response.headers), body.finish())

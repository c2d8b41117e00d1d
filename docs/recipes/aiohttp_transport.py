"""A transport for aiohttp; create it in a running event loop. It accepts the settings of `aiohttp.ClientSession`."""

import ssl
from typing import Any

import aiohttp
from yarl import URL

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import ResponseBody, as_transport_error


class AiohttpTransport:
    def __init__(self, tls: ssl.SSLContext | bool = True, **settings: Any) -> None:
        settings |= {"auto_decompress": False, "cookie_jar": aiohttp.DummyCookieJar(), "middlewares": [_send_once]}
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls), **settings)
        self._fresh = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls, force_close=True), **settings)

    async def send(self, request: Request, *, timeout: float) -> Response:
        if self._session.closed:
            raise LocalProtocolError("the transport is closed")
        session = self._session if request.method == "GET" else self._fresh
        url = URL(request.url, encoded=True)
        headers = {"accept-encoding": "gzip", **request.headers}
        more: Any = {"timeout": aiohttp.ClientTimeout(total=min(timeout, 1e6)), "allow_redirects": False}
        with as_transport_error(aiohttp.ClientError, OSError, ValueError):
            async with session.request(
                request.method, url, headers=headers, data=request.body or None, **more
            ) as response:
                encoding = ", ".join(response.headers.getall("content-encoding", ()))
                with ResponseBody(response.status, encoding, request.max_body) as body:
                    try:
                        async for piece in response.content.iter_any():
                            body.feed(piece)
                    except aiohttp.ClientPayloadError:
                        raise ConnectionResetError from None
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, headers, body.finish())

    async def close(self) -> None:
        await self._session.close()
        await self._fresh.close()


async def _send_once(request: Any, handler: Any) -> Any:
    with as_transport_error(aiohttp.ClientError, OSError):  # aiohttp would repeat the request after an error of its own
        return await handler(request)

"""A transport by aiohttp, to be made in a running loop; the settings are those of a session."""

from typing import Any

import aiohttp
from yarl import URL

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import AnswerBody, as_transport_error


class AiohttpTransport:
    def __init__(self, **settings: Any) -> None:
        settings |= {"auto_decompress": False, "cookie_jar": aiohttp.DummyCookieJar()}
        self._session = aiohttp.ClientSession(middlewares=[_send_once], **settings)

    async def send(self, request: Request, *, timeout: float) -> Response:
        if self._session.closed:
            raise LocalProtocolError("the transport is closed")
        url = URL(request.url, encoded=True)
        headers = {"accept-encoding": "gzip", **request.headers}
        limit = aiohttp.ClientTimeout(total=min(timeout, 1e6))
        with as_transport_error(aiohttp.ClientError, OSError, ValueError):
            async with self._session.request(
                request.method, url, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                body = AnswerBody(answer.headers.get("content-encoding"))
                try:
                    async for piece in answer.content.iter_any():
                        body.feed(piece)
                except aiohttp.ClientPayloadError:
                    raise ConnectionResetError from None
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, names, body.finish())

    async def close(self) -> None:
        await self._session.close()


async def _send_once(request: Any, handler: Any) -> Any:
    with as_transport_error(aiohttp.ClientError, OSError):  # else aiohttp tries once more
        return await handler(request)

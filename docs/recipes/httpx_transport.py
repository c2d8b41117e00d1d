"""A transport for httpx; it accepts the settings of `httpx.Client`."""

import logging
from contextlib import closing
from functools import partial
from threading import local
from time import monotonic
from typing import Any

import httpx

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import ResponseBody, as_transport_error

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs every URL


class HttpxTransport:
    def __init__(self, **settings: Any) -> None:
        self._client = httpx.Client(**settings)
        settings["limits"] = httpx.Limits(max_keepalive_connections=0)
        self._fresh = httpx.Client(**settings)
        self._thread = local()

    def send(self, request: Request, *, timeout: float) -> Response:
        if self._client.is_closed:
            raise LocalProtocolError("the transport is closed")
        timeout = min(timeout, 1e6)
        self._thread.deadline = monotonic() + timeout
        headers = {"accept-encoding": "gzip", **request.headers}
        extra = {"timeout": httpx.Timeout(timeout).as_dict(), "trace": self._trace}
        with as_transport_error(httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            sent = httpx.Request(
                request.method, request.url, headers=headers, content=request.body or None, extensions=extra
            )
            client = self._client if request.method == "GET" else self._fresh
            with closing(client.send(sent, stream=True)) as response:
                encoding = response.headers.get("content-encoding")
                with ResponseBody(response.status_code, encoding, request.max_body) as body:
                    for piece in response.iter_raw():
                        body.feed(piece)
            return Response(response.status_code, dict(response.headers), body.finish())

    def close(self) -> None:
        self._client.close()
        self._fresh.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            stream = info["return_value"]
            stream.read = partial(self._read, stream.read)

    def _read(self, read: Any, size: int, timeout: float) -> bytes:
        left = self._thread.deadline - monotonic()  # the timeout of httpx is for each read
        if left <= 0:
            raise TimeoutError
        return bytes(read(size, left))

"""A transport for requests; it uses the proxies and certificates of a session, but no cookies and no netrc."""

from typing import Any

import requests
import urllib3.connection
from requests.adapters import HTTPAdapter

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import ResponseBody, TimedResponse, as_transport_error


class RequestsTransport:
    def __init__(self, session: requests.Session | None = None) -> None:
        self._session = session or requests.Session()
        self._adapter = _Adapter()
        self._closed = False

    def send(self, request: Request, *, timeout: float) -> Response:
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        headers = {"accept-encoding": "gzip", **request.headers}
        adapter = self._adapter if request.method == "GET" else _Adapter()  # a new one has no idle connections
        limit: Any = urllib3.Timeout(total=min(timeout, 1e6))
        with as_transport_error(OSError, urllib3.exceptions.HTTPError, ValueError):
            sent = requests.Request(request.method, request.url, headers, data=request.body).prepare()
            verify = self._session.verify
            env: Any = self._session.merge_environment_settings(request.url, {}, True, verify, None)
            with adapter.send(sent, timeout=limit, **env) as response:
                encoding = response.headers.get("content-encoding")
                with ResponseBody(response.status_code, encoding, request.max_body) as body:
                    while body.feed(response.raw.read(16_384, decode_content=False)):
                        pass
            return Response(response.status_code, dict(response.headers.lower_items()), body.finish())

    def close(self) -> None:
        self._closed = True
        self._adapter.close()


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _Tls if pool.scheme == "https" else _Plain
        return pool


class _Plain(urllib3.connection.HTTPConnection):
    response_class = TimedResponse


class _Tls(urllib3.connection.HTTPSConnection):
    response_class = TimedResponse

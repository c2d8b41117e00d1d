"""A transport by requests, with the proxies and certificates of a session; no cookies, no netrc."""

from typing import Any

import requests
import urllib3.connection
from requests.adapters import HTTPAdapter

from spongewatch import LocalProtocolError, Request, Response
from spongewatch.transports import AnswerBody, TimedAnswer, as_transport_error


class RequestsTransport:
    def __init__(self, session: requests.Session | None = None) -> None:
        self._session = session or requests.Session()
        self._adapter = _Adapter()
        self._closed = False

    def send(self, request: Request, *, timeout: float) -> Response:
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        headers = {"accept-encoding": "gzip", **request.headers}
        limit: Any = urllib3.Timeout(total=min(timeout, 1e6))
        with as_transport_error(OSError, urllib3.exceptions.HTTPError, ValueError):
            sent = requests.Request(request.method, request.url, headers).prepare()
            verify = self._session.verify
            env: Any = self._session.merge_environment_settings(request.url, {}, True, verify, None)
            with self._adapter.send(sent, timeout=limit, **env) as answer:
                body = AnswerBody(answer.headers.get("content-encoding"))
                for piece in answer.raw.stream(16_384, decode_content=False):
                    body.feed(piece)
                names = dict(answer.headers.lower_items())
                return Response(answer.status_code, names, body.finish())

    def close(self) -> None:
        self._closed = True
        self._adapter.close()


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _Tls if pool.scheme == "https" else _Plain
        return pool


class _Plain(urllib3.connection.HTTPConnection):
    response_class = TimedAnswer


class _Tls(urllib3.connection.HTTPSConnection):
    response_class = TimedAnswer

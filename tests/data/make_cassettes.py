"""Makes the cassettes beside it, each from a watch of the simulator over real HTTP.

    .venv/bin/python tests/data/make_cassettes.py

`vcrpy.yaml` and `vcrpy.json` are what vcrpy writes of watches whose requests `http.client` and urllib3 carry, for
our own transport has connections of its own, which vcrpy does not see. `ruby-vcr.yml` is written here, in the shape
that Ruby's vcr gives its cassettes, for the gem needs a Ruby. The simulator is asked to echo its own password, and
a form is posted before each watch, of which no recording of polls may show anything.
"""

from base64 import encodebytes
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from gzip import compress, decompress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import Request as UrllibRequest
from urllib.request import urlopen

import urllib3
import vcr
import yaml

from spongewatch import Credentials, ImportSession, Request, Response
from spongewatch.transports import Simulator, VirtualClock, watch
from spongewatch.transports.testing import HandlerTransport

HERE = Path(__file__).parent
LOGIN = Credentials("demo-key", "demo-password")
FORM = urlencode({"username": "someone", "password": "form-to-be-left-out"})
START = datetime(2026, 11, 2, 9, 14, 7, tzinfo=UTC)


class _Application(BaseHTTPRequestHandler):
    """Stands before the simulator: takes forms, and compresses answers."""

    service: Simulator

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._send(b'{"contacts": [{"first_name": "Left", "last_name": "Out"}]}')

    def do_GET(self) -> None:
        login = {"Authorization": self.headers.get("authorization", "")}
        with urlopen(UrllibRequest(self.service.base_url + self.path, headers=login)) as answer:
            self._send(compress(answer.read(), mtime=0), "gzip")

    def _send(self, body: bytes, encoding: str | None = None) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Set-Cookie", "visitor=cookie-to-be-left-out")
        self.send_header("Date", format_datetime(START, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def application():
    """The url of an application before a new simulator, for which a second goes by with each poll."""
    with Simulator("completes", clock=iter(range(1000)).__next__) as _Application.service:
        server = HTTPServer(("127.0.0.1", 0), _Application)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


Client = Callable[[Request, str | None], Response]


def converse(url: str, client: Client) -> None:
    client(Request("POST", f"{url}/import", {"authorization": LOGIN.basic()}), FORM)
    session = ImportSession("1126", LOGIN, now=0.0, base_url=url, echo="demo-password")
    transport = HandlerTransport(lambda request: client(request, None))
    print(watch(session, transport, clock=VirtualClock()).run())


def by_http_client(request: Request, body: str | None) -> Response:
    sent = UrllibRequest(request.url, body and body.encode(), dict(request.headers), method=request.method)
    with urlopen(sent) as answer:
        data = answer.read()
        inflated = decompress(data) if answer.headers["content-encoding"] else data
        return Response(answer.status, {"content-type": answer.headers["content-type"]}, inflated)


def by_urllib3(request: Request, body: str | None) -> Response:
    answer = urllib3.PoolManager().request(request.method, request.url, body=body, headers=dict(request.headers))
    return Response(answer.status, {"content-type": answer.headers["content-type"]}, answer.data)


def record(name: str, serializer: str, client: Client) -> None:
    with application() as url:
        port = urlsplit(url).port
        ours = vcr.VCR(
            serializer=serializer,
            record_mode="all",
            before_record_request=lambda request: request if request.port == port else None,
        )
        (HERE / name).unlink(missing_ok=True)
        with ours.use_cassette(str(HERE / name)):
            converse(url, client)


def record_like_ruby(name: str) -> None:
    interactions: list[dict[str, Any]] = []

    def client(request: Request, body: str | None) -> Response:
        sent = UrllibRequest(request.url, body and body.encode(), dict(request.headers), method=request.method)
        with urlopen(sent) as answer:
            data = answer.read()
        # Every other body as with the option `preserve_exact_body_bytes`.
        content = {"base64_string": encodebytes(data).decode()} if len(interactions) % 2 else {"string": data}
        interactions.append(
            {
                "request": {
                    "method": request.method.lower(),
                    "uri": request.url,
                    "body": {"encoding": "UTF-8", "string": body or ""},
                    "headers": {header.title(): [value] for header, value in request.headers.items()},
                },
                "response": {
                    "status": {"code": answer.status, "message": answer.reason},
                    "headers": {header: [value] for header, value in answer.headers.items()},
                    "body": {"encoding": "ASCII-8BIT", **content},
                },
                "recorded_at": format_datetime(START + timedelta(seconds=2 * len(interactions)), usegmt=True),
            }
        )
        inflated = decompress(data) if answer.headers["content-encoding"] else data
        return Response(answer.status, {}, inflated)

    with application() as url:
        converse(url, client)
    cassette = {"http_interactions": interactions, "recorded_with": "VCR 6.2.0"}
    text = yaml.safe_dump(cassette, sort_keys=False, explicit_start=True)
    (HERE / name).write_text(text.replace("!!binary", "!binary"))  # as psych writes it


if __name__ == "__main__":
    record("vcrpy.yaml", "yaml", by_http_client)
    record("vcrpy.json", "json", by_urllib3)
    record_like_ruby("ruby-vcr.yml")

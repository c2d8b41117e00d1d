"""Record the cassettes in this folder, each from a watch of the simulator over real HTTP.

    .venv/bin/python tests/data/make_cassettes.py

vcrpy records `vcrpy.yaml` with `http.client` and `vcrpy.json` with urllib3; it can't record `Urllib3Transport`, which
has its own connection class. `ruby-vcr.yml` is written here in the format of Ruby's vcr, so that no Ruby is needed.
The simulator echoes its own password, and a form is posted before each watch: a converted recording must contain
neither.
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
    """Accepts forms, and forwards polls to the simulator; compresses its responses."""

    service: Simulator

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._send(b'{"contacts": [{"first_name": "Left", "last_name": "Out"}]}')

    def do_GET(self) -> None:
        login = {"Authorization": self.headers.get("authorization", "")}
        with urlopen(UrllibRequest(self.service.base_url + self.path, headers=login)) as response:
            self._send(compress(response.read(), mtime=0), "gzip")

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
    """Start an application and a simulator, whose clock advances by a second with each poll; yield the URL."""
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


def shown_headers(request: Request) -> dict[str, str]:
    """Return the headers as plain `str` objects: vcrpy refuses to write subclasses."""
    return {name: str(value) for name, value in request.headers.items()}


def urllib_request(request: Request, body: str | None) -> UrllibRequest:
    return UrllibRequest(str(request.url), body and body.encode(), shown_headers(request), method=request.method)


def by_http_client(request: Request, body: str | None) -> Response:
    with urlopen(urllib_request(request, body)) as response:
        data = response.read()
        inflated = decompress(data) if response.headers["content-encoding"] else data
        return Response(response.status, {"content-type": response.headers["content-type"]}, inflated)


def by_urllib3(request: Request, body: str | None) -> Response:
    response = urllib3.PoolManager().request(
        request.method, str(request.url), body=body, headers=shown_headers(request)
    )
    return Response(response.status, {"content-type": response.headers["content-type"]}, response.data)


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
        with urlopen(urllib_request(request, body)) as response:
            data = response.read()
        # The option `preserve_exact_body_bytes` encodes bodies in base64; every other one is.
        content = {"base64_string": encodebytes(data).decode()} if len(interactions) % 2 else {"string": data}
        interactions.append(
            {
                "request": {
                    "method": request.method.lower(),
                    "uri": str(request.url),
                    "body": {"encoding": "UTF-8", "string": body or ""},
                    "headers": {name.title(): [value] for name, value in shown_headers(request).items()},
                },
                "response": {
                    "status": {"code": response.status, "message": response.reason},
                    "headers": {header: [value] for header, value in response.headers.items()},
                    "body": {"encoding": "ASCII-8BIT", **content},
                },
                "recorded_at": format_datetime(START + timedelta(seconds=2 * len(interactions)), usegmt=True),
            }
        )
        inflated = decompress(data) if response.headers["content-encoding"] else data
        return Response(response.status, {}, inflated)

    with application() as url:
        converse(url, client)
    cassette = {"http_interactions": interactions, "recorded_with": "VCR 6.2.0"}
    text = yaml.safe_dump(cassette, sort_keys=False, explicit_start=True)
    (HERE / name).write_text(text.replace("!!binary", "!binary"))  # psych, the YAML library of Ruby, writes this tag


if __name__ == "__main__":
    record("vcrpy.yaml", "yaml", by_http_client)
    record("vcrpy.json", "json", by_urllib3)
    record_like_ruby("ruby-vcr.yml")

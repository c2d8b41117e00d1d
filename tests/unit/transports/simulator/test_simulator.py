import json
import os
import socket
import threading
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlsplit

import pytest

from event_rows import rows
from spongewatch import (
    Credentials,
    ImportEvent,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    Response,
    SpongewatchError,
    TransportError,
    decode,
)
from spongewatch.transports.recordings.recording import Exchange, RecordingError
from spongewatch.transports.recordings.replay import open_recording
from spongewatch.transports.simulator.ledger import ServedRequest
from spongewatch.transports.simulator.scenarios import SCENARIOS, Scenario
from spongewatch.transports.simulator.simulator import Simulator
from spongewatch.transports.testing.hostile_server import unused_url

LOGIN = Credentials("demo-key", "demo-password").basic()
JSON_TYPE = "application/json; charset=utf-8"
XML_TYPE = "application/xml; charset=utf-8"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Recorded:
    """A recording of these responses."""

    def __init__(self, *responses, import_id=None):
        self.import_id = import_id
        self.responses = responses

    def entries(self):
        for response in self.responses:
            yield response if isinstance(response, str) else Exchange(0.0, 0.0, response)


def port_of(service):
    return int(service.base_url.rpartition(":")[2])


@contextmanager
def client_of(service):
    with closing(HTTPConnection(service.base_url.removeprefix("http://"), timeout=30)) as client:
        yield client


def ask(client, path="/events/1126.json", login=LOGIN, method="GET", **headers):
    """Send a request, and return the status, the headers and the body of the response."""
    client.request(method, path, headers={**headers, **({"Authorization": login} if login else {})})
    response = client.getresponse()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def ask_once(service, *args, **kwargs):
    with client_of(service) as client:
        return ask(client, *args, **kwargs)


def page_of(response):
    _, headers, body = response
    return decode(body, headers["content-type"])


def test_a_response_in_json():
    with Simulator("skips") as service:
        status, headers, body = ask_once(service, "/events/1126.json")
    assert status == 200
    assert json.loads(body) == {
        "events": [
            {"event_type": "INITIALIZING", "status": "COMPLETED", "value": 0},
            {"event_type": "GATHERING", "status": "COMPLETED", "value": 2340},
            {"event_type": "COMPLETE", "status": "COMPLETED", "value": 0},
        ],
        "import_id": 1126,
        "user_id": None,
    }
    assert headers["content-type"] == JSON_TYPE
    assert headers["content-length"] == str(len(body))
    assert headers["cache-control"] == "no-store"
    assert headers["date"].endswith(" GMT")
    assert "connection" not in headers


def test_a_response_in_xml():
    with Simulator("consent-never") as service:
        status, headers, body = ask_once(service, "/events/1126.xml")
    assert (status, headers["content-type"]) == (200, XML_TYPE)
    assert body == (
        b'<?xml version="1.0" encoding="UTF-8"?><eventsResponse><events type="array"><event>'
        b"<event-type>INITIALIZING</event-type><status>INPROGRESS</status>"
        b'<value type="integer">0</value></event></events>'
        b'<user-id nil="true"></user-id><import-id>1126</import-id></eventsResponse>'
    )


def test_without_a_suffix_the_response_is_json():
    with Simulator("skips") as service:
        assert ask_once(service, "/events/1126")[1]["content-type"] == JSON_TYPE


@pytest.mark.parametrize("suffix", ["json", "xml"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_both_formats_contain_the_rows_of_the_scenario(name, suffix):
    clock, scenario = Clock(), SCENARIOS[name]
    with Simulator(Scenario("", scenario.steps), clock=clock) as service, client_of(service) as client:
        for moment, expected in scenario.steps:
            clock.now = 1000.0 + moment
            page = page_of(ask(client, f"/events/1126.{suffix}"))
            assert page.events == expected
            assert (page.import_id, page.user_id, page.echo) == ("1126", None, None)


@pytest.mark.parametrize("suffix", ["", ".json", ".xml"])
def test_the_echo_is_returned(suffix):
    with Simulator("skips") as service:
        path = f"/events/1126{suffix}?echo=first&echo=%3Cb%3E+%26+%C3%A9%22"
        assert page_of(ask_once(service, path)).echo == '<b> & é"'
        assert page_of(ask_once(service, f"/events/1126{suffix}?echo=")).echo == ""


def test_an_echo_that_xml_cannot_contain_leaves_the_xml_valid():
    with Simulator("skips") as service:
        assert page_of(ask_once(service, "/events/1126.xml?echo=a%00b%1bc")).echo == "a\ufffdb\ufffdc"
        assert page_of(ask_once(service, "/events/1126.json?echo=a%00b")).echo == "a\0b"


def test_an_import_id_may_have_letters():
    with Simulator("skips", import_id="ab-12_C") as service:
        for suffix in ("json", "xml"):
            assert page_of(ask_once(service, f"/events/ab-12_C.{suffix}")).import_id == "ab-12_C"


def test_odd_rows_are_sent_unchanged():
    event = ImportEvent("A<B", "C&D", odd_value="<many>")
    with Simulator(Scenario("", ((0, (event,)),))) as service:
        assert page_of(ask_once(service, "/events/1126.xml")).events == (event,)
        assert page_of(ask_once(service, "/events/1126.json")).events == (event,)


@pytest.mark.parametrize("login", [LOGIN, LOGIN.replace("Basic", "basic"), LOGIN.replace(" ", "   ")])
def test_basic_credentials_are_accepted(login):
    with Simulator("skips") as service:
        assert ask_once(service, login=login)[0] == 200


def test_credentials_in_the_query_are_accepted():
    with Simulator("skips", domain_key="k", domain_password='p+/%: é"') as service:
        query = "domain_key=k&domain_password=p%2B%2F%25%3A%20%C3%A9%22"
        assert ask_once(service, f"/events/1126.json?{query}", login=None)[0] == 200
        assert ask_once(service, login=Credentials("k", 'p+/%: é"').basic())[0] == 200
        assert (service.domain_key, service.domain_password) == ("k", 'p+/%: é"')


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/events/1126", None),
        ("/events/1126", ""),
        ("/events/1126", "Basic"),
        ("/events/1126", "Basic ???"),
        ("/events/1126", LOGIN.replace("Basic", "Bearer")),
        ("/events/1126", Credentials("demo-key", "wrong").basic()),
        ("/events/9", Credentials("demo-key", "wrong").basic()),
        ("/events/1126?domain_key=demo-key", None),
        ("/events/1126?domain_key=demo-key&domain_password=wrong", None),
        ("/events/1126?domain_key=demo-key&domain_password=demo-password", "Basic ???"),
    ],
)
def test_other_credentials_are_refused(path, login):
    with Simulator("skips") as service:
        status, headers, body = ask_once(service, path, login)
    assert (status, headers["content-type"]) == (401, JSON_TYPE)
    assert headers["www-authenticate"].startswith("Basic ")
    assert json.loads(body) == {"error": {"message": "Invalid domain key or password.", "code": 401}}


def test_a_refusal_in_xml():
    with Simulator("skips") as service:
        status, headers, body = ask_once(service, "/events/1126.xml?echo=.json", login=None)
    assert (status, headers["content-type"]) == (401, XML_TYPE)
    assert body == (
        b'<?xml version="1.0" encoding="UTF-8"?>'
        b"<error><message>Invalid domain key or password.</message><code>401</code></error>"
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/events/1127", "Import not found."),
        ("/events/1127.json", "Import not found."),
        ("/events/1126.csv", "Import not found."),
        ("/events/1126/", "Import not found."),
        ("/events/", "Not found."),
        ("/", "Not found."),
        ("/contacts/1126?/events/1126", "Not found."),
    ],
)
def test_other_paths_are_not_found(path, message):
    with Simulator("skips") as service:
        status, headers, body = ask_once(service, path)
    assert (status, headers["cache-control"]) == (404, "no-store")
    assert json.loads(body) == {"error": {"message": message, "code": 404}}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
def test_other_methods_are_refused_and_close_the_connection(method):
    with Simulator("skips") as service, client_of(service) as client:
        status, headers, body = ask(client, method=method)
        assert (status, headers["connection"], headers["content-type"]) == (405, "close", JSON_TYPE)
        assert (body == b"") is (method == "HEAD")
        assert ask(client)[0] == 200
        assert [request.status for request in service.requests] == [405, 200]


def test_a_request_body_is_not_read_as_the_next_request():
    with Simulator("skips") as service, client_of(service) as client:
        for headers, body in [({}, b"GET / HTTP/1.1\r\n\r\n"), ({"Transfer-Encoding": "chunked"}, b"0\r\n\r\n")]:
            client.request("GET", "/events/1126", body, {"Authorization": LOGIN, **headers})
            response = client.getresponse()
            assert (response.status, response.headers["connection"]) == (200, "close")
            response.read()
        assert len(service.requests) == service.connections == 2


@pytest.mark.parametrize(
    ("sent", "status_line"),
    [
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET /events/1126\r\n\r\n", b"HTTP/1.1 401 Unauthorized\r\n"),
        (b"GET / HTTP/3.0\r\n\r\n", b"HTTP/1.1 505 HTTP Version Not Supported\r\n"),
        (b"GET /" + b"x" * 70_000, b"HTTP/1.1 414 "),
        (b"\r\n", b""),
        (b"", b""),
    ],
)
def test_malformed_requests_get_a_complete_response_or_none(sent, status_line, capfd):
    with Simulator("skips") as service:
        with socket.create_connection(("127.0.0.1", port_of(service)), timeout=30) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1000).startswith(status_line)
        assert len(service.requests) == bool(sent)
    assert capfd.readouterr() == ("", "")


def test_time_starts_at_the_first_authorized_poll():
    clock = Clock()
    with Simulator("completes", clock=clock) as service, client_of(service) as client:
        clock.now += 100
        ask(client, login=None)
        clock.now += 100
        received = []
        for _ in range(7):
            received.append(page_of(ask(client)).events[-1])
            clock.now += 1
    expected = rows(
        *["INITIALIZING INPROGRESS 0"] * 3,
        "GATHERING INPROGRESS 380",
        "GATHERING INPROGRESS 1212",
        *["COMPLETE COMPLETED 0"] * 2,
    )
    assert received == expected


def test_speed_makes_time_faster():
    clock = Clock()
    with Simulator("completes", speed=2, clock=clock) as service, client_of(service) as client:
        received = []
        for _ in range(4):
            received.append(page_of(ask(client)).events[-1].type)
            clock.now += 1.25
    assert received == ["INITIALIZING", "INITIALIZING", "COMPLETE", "COMPLETE"]


def test_time_is_real_by_default():
    with Simulator("completes", speed=20) as service, client_of(service) as client:
        first = page_of(ask(client)).events[-1].type
        time.sleep(0.3)
        assert (first, page_of(ask(client)).events[-1].type) == ("INITIALIZING", "COMPLETE")


def test_polls_can_share_a_connection():
    before = time.monotonic()
    with Simulator() as service, client_of(service) as client:
        assert (service.requests, service.connections) == ([], 0)
        for _ in range(20):
            ask(client, "/events/1126.json?echo=secret")
        ask(client, "/elsewhere")
        served = service.requests
        assert service.connections == 1
    assert [repr(request.status) for request in served] == ["200"] * 20 + ["404"]
    assert {request.connection for request in served} == {1}
    assert {request.path for request in served[:20]} == {"/events/1126.json"}
    moments = [moment for request in served for moment in (request.arrived, request.finished)]
    assert moments == sorted(moments)
    assert before < moments[0]
    assert moments[-1] < time.monotonic()


def test_connections_are_numbered():
    with Simulator() as service:
        for _ in range(3):
            ask_once(service)
        assert [request.connection for request in service.requests] == [1, 2, 3]
        assert service.connections == 3


def test_concurrent_clients_share_one_import():
    service = Simulator(Scenario("", ((0, ()),), {poll: Response(503) for poll in range(1, 21)}))
    with service:
        threads = [threading.Thread(target=ask_once, args=(service,)) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = [request.status for request in service.requests]
        assert (statuses.count(503), statuses.count(200), service.connections) == (20, 20, 40)


def test_a_request_arrives_with_its_first_byte_and_finishes_with_its_response():
    with Simulator("skips") as service:
        with socket.create_connection(("127.0.0.1", port_of(service)), timeout=30) as client:
            client.sendall(b"GET / HT")
            while not service._ledger._in_progress:
                time.sleep(0.001)
            time.sleep(0.05)
            client.sendall(b"TP/1.1\r\n\r\n")
            client.recv(1)
        (request,) = service.requests
    assert request.finished - request.arrived >= 0.04


def test_faults_replace_single_responses():
    faults = {2: Response(503, {"retry-after": "1"}, b"busy"), 3: TransportError("reset")}
    with Simulator(Scenario("", ((0, ()),), faults)) as service, client_of(service) as client:
        assert ask(client)[0] == 200
        status, headers, body = ask(client)
        assert (status, headers["retry-after"], body) == (503, "1", b"busy")
        with pytest.raises(RemoteDisconnected):
            ask(client)
        assert ask(client)[0] == 200
        assert [(request.status, request.connection) for request in service.requests] == [
            (200, 1),
            (503, 1),
            (None, 1),
            (200, 2),
        ]


def test_the_flaky_scenario_completes():
    clock, received = Clock(), []
    with Simulator("flaky", clock=clock) as service, client_of(service) as client:
        for _ in range(8):
            try:
                status, headers, _ = ask(client)
                received.append((status, headers.get("retry-after")))
            except RemoteDisconnected:
                received.append("dropped")
            clock.now += 1
        assert page_of(ask(client)).events[-1].type == "COMPLETE"
    good, busy = (200, None), (503, "1")
    assert received == [good, busy, good, "dropped", busy, good, "dropped", good]


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_is_sent_for_204_and_304(status):
    fault = Response(status, {"content-type": "text/plain"}, b"never read")
    with Simulator(Scenario("", ((0, ()),), {1: fault})) as service, client_of(service) as client:
        finished, headers, body = ask(client)
        assert (finished, body, "content-length" in headers) == (status, b"", False)
        assert ask(client)[0] == 200
        assert service.connections == 1


def test_an_interim_status_is_a_dropped_connection():
    with Simulator(Scenario("", ((0, ()),), {1: Response(100)})) as service, pytest.raises(RemoteDisconnected):
        ask_once(service)


def test_headers_are_sent_as_given_except_framing_and_malformed_ones():
    given = {
        "date": "Mon, 02 Nov 2026 09:14:07 GMT",
        "x-note": "caf\u00e9 \u20ac\r\nx-more: 1",
        "x-bad\r\nx-more": "1",
        "content-length": "999",
        "content-encoding": "gzip",
        "transfer-encoding": "chunked",
        "connection": "close",
    }
    with Simulator(Scenario("", ((0, ()),), {1: Response(200, given, b"body")})) as service:
        _, headers, body = ask_once(service)
    assert body == b"body"
    assert headers == {
        "server": "simulator",
        "date": "Mon, 02 Nov 2026 09:14:07 GMT",
        "cache-control": "no-store",
        "x-note": "caf\u00e9 ?\\r\\nx-more: 1",
        "content-length": "4",
    }


def test_a_trace_is_played_poll_by_poll(tmp_path):
    header = {"spongewatch-trace": 1, "import_id": "77"}
    kept = {"content-type": "text/x", "retry-after": "7", "date": "then"}
    lines = [
        {"t": 0, "took": 9, "status": 200, "headers": {"content-type": "text/x"}, "body": "one"},
        {"t": 9, "took": 9, "status": 503, "headers": kept, "body": ""},
        {"t": 18, "took": 9, "error": "timeout"},
        {"t": 27, "took": 9, "status": 200, "body": "two"},
        {"t": 36, "took": 9, "status": 502, "body": "three"},
        {"t": 45, "end": "completed"},
    ]
    trace = tmp_path / "trace.jsonl"
    trace.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)))
    with Simulator(recording=open_recording(trace)) as service, client_of(service) as client:
        assert service.import_id == "77"
        assert ask(client, "/events/1126")[0] == 404
        first, busy = ask(client, "/events/77"), ask(client, "/events/77.xml")
        assert (first[0], first[1]["content-type"], first[2]) == (200, "text/x", b"one")
        assert (busy[0], {name: busy[1][name] for name in kept}, busy[2]) == (503, kept, b"")
        with pytest.raises(RemoteDisconnected):
            ask(client, "/events/77")
        rest = [ask(client, "/events/77")[::2] for _ in range(4)]
        assert rest == [(200, b"two"), (502, b"three"), (200, b"two"), (200, b"two")]


def test_a_recording_without_a_200_repeats_its_last_response():
    with Simulator(recording=Recorded(Response(503), TransportError("dns"))) as service, client_of(service) as client:
        assert ask(client)[0] == 503
        for _ in range(2):
            with pytest.raises(RemoteDisconnected):
                ask(client)


@pytest.mark.parametrize(
    ("recording", "import_id"),
    [
        (Recorded(Response(200, {}, b'{"events": [], "import_id": 5}'), import_id="a/b"), "a/b"),
        (Recorded(Response(503), Response(200, {}, b'{"events": [], "import_id": 5}')), "5"),
        (Recorded(Response(200, {}, b'{"events": []}'), TransportError("dns")), "1126"),
    ],
)
def test_the_import_id_is_taken_from_the_recording(recording, import_id):
    with Simulator(recording=recording) as service:
        assert service.import_id == import_id
        assert ask_once(service, f"/events/{import_id}.json")[0] in (200, 503)


def test_a_recording_without_responses_or_with_an_invalid_line_is_refused(tmp_path):
    with pytest.raises(InvalidArgument, match="^recording must contain at least one response$"):
        Simulator(recording=Recorded("an end"))
    trace = tmp_path / "trace.jsonl"
    trace.write_text('{"spongewatch-trace": 1}\n{"t": 0, "took": 0, "status": 200}\n{"t": -1}\n')
    with pytest.raises(RecordingError, match="line 3: t must be a number of seconds, not -1"):
        Simulator(recording=open_recording(trace))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"scenario": "compleats"}, 'scenario must be one of completes, abandoned, .*, not "compleats"'),
        ({"speed": 0}, "speed must be a number above 0, not 0"),
        ({"speed": float("nan")}, "speed must be a number above 0, not NaN"),
        ({"port": 65536}, "port must be from 0 to 65535, not 65536"),
        ({"import_id": "a/b"}, 'import_id must be 1 to 64 letters, digits, .*, not "a/b"'),
    ],
)
def test_invalid_arguments_are_refused(arguments, problem):
    with pytest.raises(InvalidArgument, match=f"^{problem}$"):
        Simulator(**arguments)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"scenario": ["completes"]}, "scenario must be a str or a Scenario, not list"),
        ({"speed": "fast"}, "speed must be a number, not str"),
        ({"port": "80"}, "port must be an int, not str"),
        ({"import_id": 1126.0}, "import_id must be a str or an int, not float"),
    ],
)
def test_arguments_of_another_type_are_refused(arguments, problem):
    with pytest.raises(InvalidType, match=f"^{problem}$"):
        Simulator(**arguments)


@pytest.mark.parametrize("arguments", [{"domain_key": "a:b"}, {"domain_password": ""}])
def test_invalid_credentials_are_refused(arguments):
    with pytest.raises(SpongewatchError, match="domain"):
        Simulator(**arguments)


def test_an_import_id_may_be_an_int():
    assert Simulator(import_id=89708927).import_id == "89708927"


def test_a_port_in_use_is_refused():
    with unused_url() as url:
        port = urlsplit(url).port
        problem = f"cannot listen on port {port}: Address already in use"
        with Simulator(port=port) as first, pytest.raises(LocalProtocolError, match=problem):
            Simulator(port=port).start()
        with Simulator(port=port) as second:
            assert second.base_url == first.base_url == url


def test_a_simulator_listens_on_loopback_only():
    with Simulator() as service, socket.socket() as client:
        client.settimeout(0.1)
        assert client.connect_ex(("127.0.0.2", port_of(service))) != 0


def test_before_start_there_is_no_url_and_nothing_to_close():
    service = Simulator()
    service.close()
    with pytest.raises(LocalProtocolError, match="no URL before it is started"):
        _ = service.base_url


def test_a_simulator_can_be_started_once():
    service = Simulator()
    service.start()
    with pytest.raises(LocalProtocolError, match="has already been started"):
        service.start()
    service.close()
    with pytest.raises(LocalProtocolError, match="has already been started"):
        service.start()


def test_close_ends_connections_and_threads_and_can_be_repeated():
    threads = {*threading.enumerate()}  # those of earlier tests may still be ending
    service = Simulator("skips")
    service.start()
    with client_of(service) as idle, client_of(service) as busy:
        ask(idle)
        ask(busy)
        busy.send(b"GET /")  # an incomplete request
        before = time.monotonic()
        service.close()
        assert time.monotonic() - before < 10
        assert {*threading.enumerate()} <= threads
        with pytest.raises(ConnectionError):
            ask(idle)
    service.close()
    assert service.base_url.startswith("http://127.0.0.1:")
    assert service.requests[0].status == 200


def test_closed_connections_are_forgotten():
    deadline = time.monotonic() + 30
    with Simulator("skips") as service:
        for _ in range(5):
            ask_once(service)
        while len(service._server._open) > 2 and time.monotonic() < deadline:  # some may still be closing
            ask_once(service)
        assert len(service._server._open) <= 2


def test_a_client_that_disconnects_prints_no_error(capfd):
    body = b"x" * 5_000_000  # larger than the socket buffers
    with Simulator(Scenario("", ((0, ()),), {1: Response(200, {}, body)})) as service:
        with client_of(service) as client:
            client.request("GET", "/events/1126", headers={"Authorization": LOGIN})
            assert client.sock.recv(1) == b"H"
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert [request.status for request in service.requests] == [None]
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_simulator_is_printed(capfd):
    def broken_clock():
        raise ZeroDivisionError("the clock broke")

    with Simulator("skips", clock=broken_clock) as service, pytest.raises(RemoteDisconnected):
        ask_once(service)
    assert "ZeroDivisionError: the clock broke" in capfd.readouterr().err


def test_a_served_request_is_immutable():
    request = ServedRequest(1.0, 2.0, 1, "/events/1126", 200)
    assert request == ServedRequest(1.0, 2.0, 1, "/events/1126", 200)
    with pytest.raises(AttributeError):
        request.path = ""


def test_neither_the_simulator_nor_its_requests_show_secrets():
    with Simulator("skips", domain_password="s3cret-word") as service:
        ask_once(service, "/events/1126?domain_key=demo-key&domain_password=s3cret-word", login=None)
        assert "s3cret-word" not in f"{service!r} {service.requests!r} {vars(service)!r}"


def test_closing_in_a_forked_process_leaves_the_parent_running(monkeypatch):
    with Simulator("skips") as service:
        client = HTTPConnection(service.base_url.removeprefix("http://"))
        with closing(client):
            client.request("GET", "/events/1126.json")
            assert client.getresponse().read()
            with monkeypatch.context() as patched:
                patched.setattr(os, "getpid", lambda: 1)
                service.close()
            client.request("GET", "/events/1126.json")
            assert client.getresponse().status == 401

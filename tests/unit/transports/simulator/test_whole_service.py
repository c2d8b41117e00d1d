"""The simulator plays all three steps: beginning an import, its consent page, and downloading its contacts."""

import json
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest

from spongewatch import Client, Completed, Credentials, InvalidArgument, PollPolicy, ServiceError, decode
from spongewatch.transports import Simulator, open_recording
from spongewatch.transports.simulator import ledger

QUICK = PollPolicy(interval=0.01)
LOGIN = Credentials("demo-key", "demo-password").basic()


@pytest.fixture
def service():
    with Simulator("completes", speed=1000, contacts_lifetime=1e6) as running:
        yield running


@pytest.fixture
def client(service):
    with Client("demo-key", "demo-password", base_url=service.base_url, policy=QUICK) as made:
        yield made


def ask(service, method, target, form=None, login=LOGIN):
    with closing(HTTPConnection(service.base_url.removeprefix("http://"))) as connection:
        headers = {"Authorization": login} if login else {}
        connection.request(method, target, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()


def test_an_import_begins_is_allowed_and_its_contacts_are_downloaded(service, client):
    begun = client.begin_import("gmail", user_id="42", echo="e", include=["mailing_address"])
    assert (begun.user_id, begun.echo) == ("42", "e")
    assert begun.consent_url.startswith(f"{service.base_url}/n/")
    service.consent(begun.import_id)
    watching = client.watch(begun.import_id)
    assert list(watching)[-1].outcome == Completed(2001)
    assert (watching.session.user_id, watching.session.echo) == ("42", "e")
    contacts = client.contacts(begun.import_id)
    assert (len(contacts), contacts.owner.email) == (2001, "olive.owner@example.com")
    assert contacts[0].addresses[0].country == "US"
    assert len({contact.email for contact in contacts if contact.email}) > 1500
    assert sum(contact.email is None for contact in contacts) > 100


def test_an_import_waits_for_the_persons_decision(service, client):
    begun = client.begin_import("yahoo")
    assert json.loads(ask(service, "GET", f"/events/{begun.import_id}")[2])["events"] == [
        {"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}
    ]
    with pytest.raises(ServiceError, match="not there yet"):
        client.contacts(begun.import_id, timeout=0.05)


def test_a_person_allows_an_import_on_its_consent_page(service, client):
    begun = client.begin_import("gmail")
    path = urlsplit(begun.consent_url).path
    status, headers, page = ask(service, "GET", path, login=None)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Allow" in page
    assert b"Decline" in page
    status, _, page = ask(service, "POST", path, {"decision": "allow"}, login=None)
    assert (status, b"You can close this window" in page) == (200, True)
    ask(service, "POST", path, {"decision": "decline"}, login=None)  # too late
    assert client.wait(begun.import_id) == Completed(2001)


def test_a_person_declines_an_import_and_is_sent_back_to_the_application(service, client):
    begun = client.begin_import("gmail", redirect_url="https://app.example/back")
    status, headers, _ = ask(service, "POST", urlsplit(begun.consent_url).path, {"decision": "decline"}, login=None)
    assert (status, headers["Location"]) == (303, "https://app.example/back")
    outcome = client.wait(begun.import_id)
    assert (outcome.name, outcome.failure.code) == ("abandoned", 514)


def test_a_form_without_a_decision_asks_again(service, client):
    path = urlsplit(client.begin_import("gmail").consent_url).path
    assert b"Allow" in ask(service, "POST", path, {"decision": "perhaps"}, login=None)[2]


def test_an_unknown_consent_page_is_not_found(service):
    assert ask(service, "GET", "/n/unknown", login=None)[0] == 404


def test_an_import_with_a_password_needs_no_consent(service, client):
    begun = client.begin_import("plaxo", username="mira", password="secret")
    assert begun.consent_url is None
    assert client.wait(begun.import_id) == Completed(2001)


@pytest.mark.parametrize(
    ("path", "form", "status", "message"),
    [
        ("user_consent", {"service": "myspace"}, 400, "Unknown service."),
        ("user_consent", {}, 400, "The parameter service is missing."),
        (
            "import",
            {"service": "plaxo", "username": "mira"},
            400,
            "A username and a password are needed.",
        ),
    ],
)
def test_a_request_that_cant_begin_an_import_is_refused(service, path, form, status, message):
    got = ask(service, "POST", f"/begin_import/{path}", form)
    assert (got[0], json.loads(got[2])) == (status, {"error": {"message": message, "code": 2}})


def test_wrong_credentials_are_refused_by_each_step(service):
    for method, target in (("POST", "/begin_import/user_consent"), ("GET", "/events/1126"), ("GET", "/contacts/1126")):
        assert ask(service, method, target, {"service": "gmail"} if method == "POST" else None, login=None)[0] == 401


@pytest.mark.parametrize(("method", "target"), [("GET", "/begin_import/import"), ("POST", "/contacts/1126")])
def test_a_wrong_method_is_refused(service, method, target):
    assert ask(service, method, target)[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/begin_import/user_consent/",
        "/begin_import/user_consent.json",
        "/begin_import/desktop_applet",
        "/begin_import/user_consent?domain_key=demo-key&domain_password=demo-password&service=GMAIL",
    ],
)
def test_step_1_is_served_at_the_paths_of_existing_clients(service, path):
    login = None if "?" in path else LOGIN
    status, _, body = ask(service, "POST", path, None if "?" in path else {"service": "Gmail"}, login=login)
    assert (status, json.loads(body)["status"]) == (200, "success")


@pytest.mark.parametrize("step", ["events", "contacts"])
@pytest.mark.parametrize("path", ["/{}/1126", "/{}/1126/", "/{}/1126?_=17", "/{}/1126.json", "/{}.json/1126"])
def test_steps_2_and_3_are_served_at_the_paths_of_existing_clients(step, path):
    with Simulator("skips") as service:
        status, _, body = ask(service, "GET", path.format(step))
    assert (status, json.loads(body)["import_id"]) == (200, 1126)


def test_every_step_responds_in_xml_too(service):
    begun = ask(service, "POST", "/begin_import/user_consent.xml", {"service": "gmail"})[2]
    assert b"<userConsentResponse><status>success</status><url>http" in begun
    import_id = begun.partition(b'<import-id type="integer">')[2].partition(b"<")[0].decode()
    service.consent(import_id)
    while decode(ask(service, "GET", f"/events.xml/{import_id}")[2]).events[-1].type != "COMPLETE":
        pass
    contacts = ask(service, "GET", f"/contacts/{import_id}.xml?start=0&count=1")[2]
    assert b'<contacts type="array"><contact><first-name>Mira</first-name>' in contacts
    assert b'<owner type="boolean">true</owner>' in contacts
    assert b'<user-id nil="true"></user-id>' in contacts


@pytest.mark.parametrize(
    ("query", "first", "number"),
    [("", 0, 2340), ("?start=10&count=3", 10, 3), ("?start=2339&count=5", 2339, 1), ("?start=9999&count=5", 9999, 0),
     ("?count=5", 0, 2340), ("?start=7&count=0", 7, 2333)],
)  # fmt: skip
def test_contacts_are_served_in_pages(query, first, number):
    with Simulator("skips") as service:
        page = json.loads(ask(service, "GET", f"/contacts/1126{query}")[2])
    assert (page["start"], page["count"], len(page["contacts"]), page["total"]) == (first, number, number, 2340)


@pytest.mark.parametrize("query", ["?start=x", "?start=-1", "?start=0&count=1.5", "?start=" + "9" * 16])
def test_a_page_that_makes_no_sense_is_refused(query):
    with Simulator("skips") as service:
        assert ask(service, "GET", f"/contacts/1126{query}")[0] == 400


def test_contacts_are_there_after_completion_and_deleted_later():
    now = [0.0]
    with Simulator("completes", clock=lambda: now[0], contacts_lifetime=60) as service:
        statuses = []
        for now[0] in (0.0, 4.9, 5.0, 64.9, 65.0):
            statuses.append(ask(service, "GET", "/contacts/1126")[0])
    assert statuses == [404, 404, 200, 200, 410]


def test_a_recorded_import_has_its_contacts_after_the_poll_that_completes_it():
    now = [0.0]
    recording = open_recording("docs/traces/completes.jsonl")
    with Simulator(recording=recording, clock=lambda: now[0], contacts_lifetime=60) as service:
        service.consent("1126")  # it was given in the recording
        assert ask(service, "GET", "/contacts/1126")[0] == 404
        for _ in range(12):
            ask(service, "GET", "/events/1126")
        assert json.loads(ask(service, "GET", "/contacts/1126?start=0&count=1")[2])["total"] == 2001
        now[0] = 60.0
        assert ask(service, "GET", "/contacts/1126")[0] == 410


def test_many_imports_each_play_a_scenario_of_their_own():
    with Simulator("skips", imports={"7": "empty", "8": "fails"}, speed=1000) as service:
        with Client("demo-key", "demo-password", base_url=service.base_url, policy=QUICK) as client:
            outcomes = [client.wait(import_id).name for import_id in ("1126", "7", "8")]
        with pytest.raises(InvalidArgument, match="the simulator has no import 9"):
            service.consent(9)
    assert outcomes == ["completed", "completed", "failed"]


@pytest.mark.parametrize(
    ("imports", "problem"), [({"7": "compleats"}, "scenario must be one of"), ({"../7": "empty"}, "import_id must be")]
)
def test_invalid_imports_are_refused(imports, problem):
    with pytest.raises(InvalidArgument, match=problem):
        Simulator(imports=imports)


def test_only_the_latest_requests_are_kept(monkeypatch):
    monkeypatch.setattr(ledger, "MAX_KEPT", 2)
    with Simulator("skips") as service:
        for _ in range(3):
            ask(service, "GET", "/events/1126")
        assert len(service.requests) == 2

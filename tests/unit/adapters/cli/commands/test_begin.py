import getpass
import json
import os
import signal
import threading
import warnings
import webbrowser

import pytest

from spongewatch import Response, TransportError
from spongewatch.adapters.cli import connection, credential_sources
from spongewatch.adapters.cli.command_line import main
from spongewatch.transports import Simulator, VirtualClock

pytestmark = pytest.mark.usefixtures("login", "as_from_a_terminal")
BEGUN = Response(200, {}, b'{"import_id": 7, "url": "https://api.cloudsponge.com/n/V"}')


def begin(service, *words):
    return main(["begin", "--base-url", service.base_url, *words])


def test_the_import_and_its_consent_page_are_printed_and_a_note_shows_how_to_watch(capsys):
    with Simulator() as service:
        assert begin(service, "gmail", "--echo", "e") == 0
        out, err = capsys.readouterr()
        label, url = out.splitlines()[1].rsplit(maxsplit=1)
    assert (out.splitlines()[0], label) == ("import id     90000001", "consent page")
    assert url.startswith(f"{service.base_url}/n/")
    assert err == (
        f"spongewatch: to watch the import, run: spongewatch watch 90000001 --base-url {service.base_url} --echo e\n"
    )


def test_jsonl_prints_one_object(capsys):
    with Simulator() as service:
        assert begin(service, "gmail", "--jsonl", "--user-id", "42", "--echo", "x") == 0
    out, err = capsys.readouterr()
    [begun] = map(json.loads, out.splitlines())
    assert err == ""
    assert begun.pop("consent_url").startswith(service.base_url)
    assert begun == {"import_id": "90000001", "user_id": "42", "echo": "x"}


def test_each_option_is_sent(handled):
    def handle(request):
        sent.append(request)
        return BEGUN

    sent = []
    handled(handle)
    words = [
        "--include",
        "mailing_address",
        "--include",
        "notes",
        "--redirect-url",
        "https://app.example/",
        "--user-id",
    ]
    assert main(["begin", "gmail", *words, "42", "--auth", "query", "--jsonl"]) == 0
    [request] = sent
    assert request.url == "https://api.cloudsponge.com/begin_import/user_consent.json"
    assert request.body.decode() == (
        "service=gmail&include=mailing_address%2Cnotes&redirect_url=https%3A%2F%2Fapp.example%2F&user_id=42"
        "&domain_key=demo-key&domain_password=demo-password"
    )


@pytest.mark.parametrize("prompted", [True, False])
def test_the_persons_password_is_prompted_for_or_taken_from_the_environment(monkeypatch, capsys, handled, prompted):
    def handle(request):
        sent.append(request.body)
        return BEGUN

    sent = []
    handled(handle)
    if prompted:
        monkeypatch.setattr(credential_sources, "getpass", lambda prompt: "hunter2")
    else:
        monkeypatch.setenv("SPONGEWATCH_PROVIDER_PASSWORD", "hunter2")
    assert main(["begin", "icloud", "--username", "mira"]) == 0
    assert sent == [b"service=icloud&username=mira&password=hunter2"]
    out, err = capsys.readouterr()
    assert out == "import id     7\n"
    assert "hunter2" not in err


def empty(prompt):
    return ""


def closed(prompt):
    raise EOFError


def without_a_terminal(prompt):
    warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=1)
    pytest.fail("the password would be shown")


@pytest.mark.parametrize("prompt", [empty, closed, without_a_terminal])
def test_without_the_persons_password_nothing_is_sent(monkeypatch, capsys, handled, prompt):
    handled(lambda request: pytest.fail("sent"))
    monkeypatch.setattr(credential_sources, "getpass", prompt)
    assert main(["begin", "icloud", "--username", "mira"]) == 2
    assert "set SPONGEWATCH_PROVIDER_PASSWORD" in capsys.readouterr().err


@pytest.mark.parametrize("opens", [True, False])
def test_open_shows_the_consent_page_in_a_browser(monkeypatch, capsys, handled, opens):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or opens)
    handled(lambda request: BEGUN)
    assert main(["begin", "gmail", "--open", "--jsonl"]) == 0
    assert opened == ["https://api.cloudsponge.com/n/V"]
    note = "spongewatch: cannot open a browser; open the consent page yourself\n"
    assert capsys.readouterr().err == ("" if opens else note)


def test_no_browser_is_opened_without_a_consent_page_or_the_option(monkeypatch, handled):
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail(url))
    monkeypatch.setenv("SPONGEWATCH_PROVIDER_PASSWORD", "hunter2")
    handled(lambda request: BEGUN)
    assert main(["begin", "gmail"]) == 0
    assert main(["begin", "icloud", "--username", "mira", "--open"]) == 0


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://example.com/", "https://a@b.example/"])
def test_a_url_that_is_no_consent_page_is_refused(monkeypatch, capsys, handled, url):
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail(url))
    handled(lambda request: Response(200, {}, json.dumps({"import_id": 7, "url": url}).encode()))
    assert main(["begin", "gmail", "--open"]) == 11
    assert capsys.readouterr() == ("", "spongewatch: the consent URL of import 7 is not an https URL\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([""], "SERVICE must not be empty"),
        (["gmail", "--user-id", ""], "--user-id must not be empty"),
        (["gmail", "--base-url", "http://a.example"], "--base-url must use https, "),
        (["gmail", "--base-url", "nowhere"], "--base-url must be "),
        (["gmail", "--username", "m", "--redirect-url", "https://a.example"], "--redirect-url can't be given with "),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(monkeypatch, capsys, words, problem):
    monkeypatch.delenv("CLOUDSPONGE_DOMAIN_KEY")  # options are checked first
    assert main(["begin", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith(f"spongewatch: {problem}")


def test_a_refused_import_has_a_status_of_its_own(monkeypatch, capsys):
    with Simulator() as service:
        assert begin(service, "nope") == 11
        monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "wrong-password")
        assert begin(service, "gmail") == 7
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)
    assert "wrong-password" not in err


def test_a_refused_connection_is_retried(monkeypatch, capsys, handled):
    def refuse(request):
        sent.append(request)
        raise TransportError("refused", "connection refused")

    sent = []
    handled(refuse)
    monkeypatch.setattr(connection, "SystemClock", VirtualClock)
    assert main(["begin", "gmail"]) == 11
    assert len(sent) == 3
    assert "the import has not begun" in capsys.readouterr().err


def test_a_signal_interrupts_the_request_and_the_import_may_have_begun(capsys, handled):
    before = signal.getsignal(signal.SIGINT)
    hanging = threading.Event()

    def hang(request):
        os.kill(os.getpid(), signal.SIGINT)
        hanging.wait(60)

    handled(hang)
    assert main(["begin", "gmail"]) == 130
    assert "the import may have begun" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    hanging.set()

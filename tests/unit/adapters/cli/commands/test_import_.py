import json
import os
import signal
import sys
import threading
import webbrowser
from time import monotonic, sleep

import pytest

from spongewatch import Response
from spongewatch.adapters.cli.command_line import main
from spongewatch.transports import Simulator

pytestmark = pytest.mark.usefixtures("login", "as_from_a_terminal")
ID = "90000001"  # the simulator's first


@pytest.fixture
def service():
    with Simulator(speed=100) as made:
        yield made


@pytest.fixture
def run(service):
    """Run the command; once the import is polled for the first time, call a function."""

    def run(*words, then=lambda: None):
        def meanwhile():
            deadline = monotonic() + 60
            while not done.is_set() and monotonic() < deadline:
                if any(request.path.startswith(f"/events/{ID}") for request in service.requests):
                    then()
                    break
                sleep(0.01)

        done = threading.Event()
        thread = threading.Thread(target=meanwhile)
        thread.start()
        try:
            return main(["import", "--base-url", service.base_url, "--interval", "0.05", *words])
        finally:
            done.set()
            thread.join()

    return run


def allow(service):
    return lambda: service.consent(ID)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def notes(err):
    return [line.removeprefix("spongewatch: ") for line in err.splitlines() if line.startswith("spongewatch: ")]


def test_the_contacts_are_written_and_everything_else_is_on_standard_error(service, run, tmp_path, capsys):
    path = tmp_path / "contacts.csv"
    assert run("gmail", "--output", str(path), then=allow(service)) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert len(path.read_text().splitlines()) == 2002
    begun, page, written = notes(err)
    assert begun == f"import {ID} has begun"
    assert page.startswith(f"the person consents on this page: {service.base_url}/n/")
    assert written == f"2,001 contacts written to {path}"
    assert err.splitlines()[2].split()[2] == "INITIALIZING"
    assert f"import {ID}: completed with 2,001 contacts" in err.splitlines()[-2]


def test_contacts_are_printed_without_a_file(service, run, capsys):
    assert run("gmail", then=allow(service)) == 0
    out = capsys.readouterr().out
    assert len([*map(json.loads, out.splitlines())]) == 2001


def test_an_import_with_a_username_needs_no_consent_page(run, monkeypatch, capsys):
    monkeypatch.setenv("SPONGEWATCH_PROVIDER_PASSWORD", "hunter2")
    assert run("icloud", "--username", "mira") == 0
    out, err = capsys.readouterr()
    assert notes(err) == [f"import {ID} has begun"]
    assert len(out.splitlines()) == 2001


@pytest.mark.parametrize("opens", [True, False])
def test_open_shows_the_consent_page_in_a_browser(service, run, monkeypatch, capsys, opens):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or opens)
    assert run("gmail", "--open", then=allow(service)) == 0
    err = capsys.readouterr().err
    assert opened == [notes(err)[1].split(": ")[1]]
    assert ("cannot open a browser" in err) is not opens


def test_a_declined_import_has_the_status_of_a_watch_and_leaves_no_file(service, run, tmp_path, capsys):
    decline = lambda: service.consent(ID, allow=False)  # noqa: E731
    assert run("gmail", "--output", str(tmp_path / "out"), then=decline) == 4
    assert "abandoned in INITIALIZING with error code 514" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def continues(service, err):
    again = f"--base-url {service.base_url}"
    return notes(err)[2:] == [
        f"to continue watching, run: spongewatch watch {ID} {again} --interval 0.05",
        f"and then, to download the contacts: spongewatch contacts {ID} {again} --output contacts.csv",
    ]


def test_a_signal_during_the_watch_says_how_to_continue(service, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("gmail", "--output", "contacts.csv", then=interrupt) == 130
    assert continues(service, capsys.readouterr().err)
    assert [*tmp_path.iterdir()] == []


def test_a_signal_before_the_watch_says_how_to_continue(service, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda url: interrupt() or True)
    assert run("gmail", "--output", "contacts.csv", "--open") == 130
    assert continues(service, capsys.readouterr().err)


def test_an_expired_budget_says_how_to_continue(run, capsys):
    assert run("gmail", "--timeout", "0.2", "--format", "csv") == 5
    watch, contacts = notes(capsys.readouterr().err)[2:]
    assert watch.endswith(" --interval 0.05 --timeout 0.2")
    assert contacts.endswith(" --format csv")


def test_contacts_that_cannot_be_downloaded_are_an_error(service, run, tmp_path, monkeypatch, capsys):
    path = tmp_path / "out"
    monkeypatch.setattr(service._service, "_contacts", lambda *_: Response(410))
    assert run("gmail", "--output", str(path), then=allow(service)) == 11
    assert notes(capsys.readouterr().err)[2:] == [
        f"the contacts of import {ID} have been deleted; begin a new import (status 410)"
    ]
    assert not path.exists()


def test_the_watch_is_recorded(service, run, tmp_path, capsys):
    trace = tmp_path / "trace.jsonl"
    assert run("gmail", "--record", str(trace), then=allow(service)) == 0
    capsys.readouterr()
    assert main(["replay", str(trace)]) == 0
    assert f"import {ID}: completed with 2,001 contacts" in capsys.readouterr().out


def test_a_wrong_argument_is_reported_before_anything_is_sent(service, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").touch()
    for words, problem in [
        (["--user-id", ""], "--user-id must not be empty"),
        (["--interval", "200"], "--interval must be less than "),
        (["--raw"], "--raw is only for CSV; add --format csv"),
        (["--output", "mine"], "--output: cannot create mine: File exists"),
        (["--record", "mine", "--output", "new"], "--record: mine: cannot be created"),
    ]:
        assert main(["import", "gmail", "--base-url", service.base_url, *words]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert problem in line, line
    assert service.requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_import_that_is_refused_leaves_no_files(service, tmp_path, capsys):
    words = ["--base-url", service.base_url, "--output", str(tmp_path / "out"), "--record", str(tmp_path / "trace")]
    assert main(["import", "nope", *words]) == 11
    assert capsys.readouterr().out == ""
    assert [*tmp_path.iterdir()] == []


def test_a_closed_pipe_ends_the_import_without_a_traceback(service, run, monkeypatch, capsys):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run("gmail", then=allow(service)) == 141
    assert len(notes(capsys.readouterr().err)) == 2


def test_a_closed_standard_error_does_not_stop_the_import(service, run, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", None)
        assert run("gmail", then=allow(service)) == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (2001, "")


@pytest.mark.parametrize("auth", ["basic", "query"])
def test_no_secret_and_no_contact_is_shown_on_standard_error(service, run, tmp_path, monkeypatch, capsys, auth):
    monkeypatch.setenv("SPONGEWATCH_PROVIDER_PASSWORD", "hunter2")
    path, trace = tmp_path / "out", tmp_path / "trace"
    words = ["icloud", "--username", "mira.private", "--auth", auth]
    assert run(*words, "--output", str(path), "--record", str(trace)) == 0
    people = [json.loads(line) for line in path.read_text().splitlines()]
    assert main(["import", "nope", *words[1:], "--base-url", service.base_url]) == 11
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "wrong-password")
    assert main(["import", *words, "--base-url", service.base_url]) == 7
    out, err = capsys.readouterr()
    private = {"demo-password", "wrong-password", "hunter2", "mira.private"}
    private |= {email["address"] for person in people for email in person.get("email", ())}
    private |= {phone["number"] for person in people for phone in person.get("phone", ())}
    assert [text for text in private if text in out + err + trace.read_text()] == []

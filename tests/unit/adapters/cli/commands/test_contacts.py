import json
import os
import signal
import stat
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from urllib.parse import parse_qs, urlsplit

import pytest

from spongewatch import Response, TransportError
from spongewatch.adapters.cli import connection
from spongewatch.adapters.cli.command_line import main
from spongewatch.transports import Simulator, VirtualClock

pytestmark = pytest.mark.usefixtures("login", "as_from_a_terminal")
AGAIN = "spongewatch: to download all contacts before they are deleted, run: spongewatch contacts 1126"


@pytest.fixture
def complete():
    """A simulated service with a complete import 1126 of 2,340 contacts."""
    with Simulator("skips") as service:
        yield service


@pytest.fixture
def virtual_time(monkeypatch):
    """Time passes only in sleeps, which return at once."""
    monkeypatch.setattr(connection, "SystemClock", VirtualClock)


def contacts(service, *words):
    return main(["contacts", "1126", "--base-url", service.base_url, *words])


def pages(*results):
    """A handler that responds with pages of two of five contacts, except for the results that are given by start."""

    def handle(request):
        start = int(parse_qs(urlsplit(request.url).query)["start"][0])
        result = results[start // 2] if start // 2 < len(results) else None
        if isinstance(result, Exception):
            raise result
        people = [{"first_name": f"n{number}"} for number in range(start, min(start + 2, 5))]
        page = {"contacts": people, "start": start, "count": len(people), "total": 5}
        return result or Response(200, {}, json.dumps(page).encode())

    return handle


def test_json_lines_are_printed(complete, capsys):
    assert contacts(complete) == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (2340, "")
    assert json.loads(out.splitlines()[0])["first_name"] == "Mira"
    assert len(complete.requests) == 5  # pages of 500


@pytest.mark.parametrize(
    ("file", "words", "start"),
    [
        ("contacts.csv", [], "first_name,"),
        ("CONTACTS.CSV", [], "first_name,"),
        ("contacts.csv", ["--format", "jsonl"], "{"),
        ("contacts.jsonl", [], "{"),
        ("contacts", [], "{"),
        ("contacts", ["--format", "csv"], "first_name,"),
    ],
)
def test_contacts_are_written_to_a_new_file_of_its_owner(complete, tmp_path, capsys, file, words, start):
    path = tmp_path / file
    assert contacts(complete, "--output", str(path), *words) == 0
    assert path.read_text().startswith(start)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capsys.readouterr() == ("", f"spongewatch: 2,340 contacts written to {path}\n")


def test_an_existing_file_is_never_overwritten(tmp_path, monkeypatch, capsys, handled):
    handled(lambda request: pytest.fail("sent"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("mine")
    assert main(["contacts", "1126", "--output", "mine"]) == 2
    assert capsys.readouterr() == ("", "spongewatch: --output: cannot create mine: File exists\n")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(("words", "name"), [([], "'=1+1"), (["--raw"], "=1+1")])
def test_cells_that_a_spreadsheet_could_run_are_quoted_unless_raw(capsys, handled, words, name):
    page = {"contacts": [{"first_name": "=1+1"}], "start": 0, "count": 1, "total": 1}
    handled(lambda request: Response(200, {}, json.dumps(page).encode()))
    assert main(["contacts", "1126", "--format", "csv", *words]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(f"{name},")


def test_names_have_no_effect_on_a_terminal(handled):
    class Terminal(StringIO):
        def isatty(self):
            return True

    page = {"contacts": [{"first_name": "\x1b[2J"}], "start": 0, "count": 1, "total": 1}
    handled(lambda request: Response(200, {}, json.dumps(page).encode()))
    with redirect_stdout(Terminal()) as terminal:
        assert main(["contacts", "1126", "--format", "csv"]) == 0
    assert terminal.getvalue().splitlines()[1].startswith(r"\x1b[2J,")


def test_an_empty_address_book_is_an_empty_file(tmp_path, capsys, handled):
    handled(lambda request: Response(200, {}, b'{"contacts": [], "total": 0}'))
    assert main(["contacts", "1126", "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out").read_bytes() == b""
    assert "0 contacts written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["../1"], "IMPORT_ID must be "),
        (["1", "--base-url", "http://a.example"], "--base-url must use https, "),
        (["1", "--raw"], "--raw is only for CSV; add --format csv"),
        (["1", "--output", "a.jsonl", "--raw"], "--raw is only for CSV; add --format csv"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(tmp_path, monkeypatch, capsys, words, problem):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOUDSPONGE_DOMAIN_KEY")  # options are checked first
    assert main(["contacts", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines()), [*tmp_path.iterdir()]) == ("", 1, [])
    assert err.startswith(f"spongewatch: {problem}")


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize(
    ("result", "status", "again"),
    [
        (Response(401), 7, False),
        (Response(410), 11, False),
        (Response(400), 11, False),
        (Response(404), 11, True),
        (Response(503), 11, True),
        (Response(200, {}, b"{}"), 11, True),
        (TransportError("tls", "certificate has expired", permanent=True), 11, True),
    ],
)
def test_a_failed_download_leaves_no_empty_file(tmp_path, monkeypatch, capsys, handled, result, status, again):
    monkeypatch.chdir(tmp_path)
    handled(pages(result))
    assert main(["contacts", "1126", "--output", "out"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1:] == ([f"{AGAIN} --output out"] if again else [])
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize(("file", "words"), [("out", ""), ("out.csv", " --format csv")])
def test_contacts_before_a_failure_are_kept(tmp_path, monkeypatch, capsys, handled, file, words):
    monkeypatch.chdir(tmp_path)
    handled(pages(None, Response(503)))
    assert main(["contacts", "1126", "--output", file, "--credentials", login_file(tmp_path)]) == 11
    reason, *notes = capsys.readouterr().err.splitlines()
    assert "(status 503)" in reason
    assert notes == [
        f"spongewatch: 2 of 5 contacts were written to {file}",
        f"{AGAIN} --credentials {tmp_path}/login{words}",
    ]
    assert "n1" in (tmp_path / file).read_text()


def login_file(folder):
    path = folder / "login"
    path.write_text("demo-key:demo-password")
    path.chmod(0o600)
    return str(path)


def test_deleted_contacts_are_not_tried_again(tmp_path, capsys, handled):
    handled(pages(None, Response(410)))
    assert main(["contacts", "1126", "--format", "csv"]) == 11
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert err.splitlines()[1:] == ["spongewatch: 2 of 5 contacts were written"]


def test_a_full_disk_is_one_line_and_how_to_try_again(tmp_path, monkeypatch, capsys, handled):
    open_file = os.open
    monkeypatch.setattr(os, "open", lambda path, *_: open_file("/dev/full", os.O_WRONLY))
    handled(pages())
    path = tmp_path / "out.csv"
    assert main(["contacts", "1126", "--output", str(path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"spongewatch: --output: cannot write to {path}: No space left on device",
        f"{AGAIN} --format csv",
    ]


def test_a_full_standard_output_is_one_line(complete, monkeypatch, capsys):
    with open("/dev/full", "w") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        assert contacts(complete) == 1
    assert capsys.readouterr().err == "spongewatch: cannot write to standard output: No space left on device\n"


def test_a_closed_pipe_ends_the_download_without_a_message(complete, monkeypatch, capsys):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert contacts(complete) == 141
    assert capsys.readouterr() == ("", "")


def test_a_signal_ends_the_download_and_a_note_says_how_to_start_it_again(tmp_path, capsys, handled):
    hanging = threading.Event()
    two_pages = pages()

    def hang(request):
        if "start=2" in request.url:
            os.kill(os.getpid(), signal.SIGINT)
            hanging.wait(60)
        return two_pages(request)

    handled(hang)
    assert main(["contacts", "1126", "--output", str(tmp_path / "out")]) == 130
    hanging.set()
    reason, *notes = capsys.readouterr().err.splitlines()
    assert "interrupted" in reason
    assert notes == [f"spongewatch: 2 of 5 contacts were written to {tmp_path}/out", AGAIN]
    assert len((tmp_path / "out").read_text().splitlines()) == 2


@pytest.fixture
def terminal(monkeypatch):
    """A function that runs the command on a pseudo-terminal and returns what it wrote."""
    reader, end = os.openpty()
    monkeypatch.setenv("TERM", "xterm")

    def run(service, *words):
        with redirect_stdout(stream), redirect_stderr(stream):
            status = contacts(service, *words)
        os.write(end, b"\x1c")  # arrives after everything that was written before
        text = b""
        while not text.endswith(b"\x1c"):
            text += os.read(reader, 65536)
        assert status == 0
        return text.removesuffix(b"\x1c").decode()

    with open(end, "w") as stream:
        yield run
    os.close(reader)


def test_a_terminal_shows_the_progress(complete, tmp_path, terminal):
    text = terminal(complete, "--output", str(tmp_path / "out"))
    assert "downloading contacts" in text
    assert text.splitlines()[-1].endswith(f"\x1b[Jspongewatch: 2,340 contacts written to {tmp_path}/out")


def test_a_terminal_shows_no_progress_without_rich(complete, tmp_path, monkeypatch, terminal):
    monkeypatch.setitem(sys.modules, "spongewatch.adapters.live.download", None)
    assert "\x1b" not in terminal(complete, "--output", str(tmp_path / "out"))


def test_there_is_no_progress_on_a_terminal_that_gets_the_contacts(terminal, handled):
    handled(pages())
    with Simulator() as service:
        assert len(terminal(service).splitlines()) == 5


def test_no_secret_or_contact_is_shown_on_standard_error(complete, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    assert contacts(complete, "--output", str(out)) == 0
    first = json.loads(out.read_text().splitlines()[0])
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "wrong-password")
    assert contacts(complete, "--auth", "query") == 7
    err = capsys.readouterr().err
    for text in ("demo-password", "wrong-password", first["last_name"], first["email"][0]["address"]):
        assert text not in err

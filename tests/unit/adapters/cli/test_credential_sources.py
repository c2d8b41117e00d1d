import os
import sys
from io import BytesIO, TextIOWrapper

import pytest

from spongewatch import PUBLIC_SERVICE, SpongewatchError
from spongewatch.adapters.cli.command_line import main
from spongewatch.adapters.cli.credential_sources import KEY_VARIABLE, PASSWORD_VARIABLE, find_credentials

HOST = "api.cloudsponge.com"
SECRETS = ("the-key", "the-password")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home directory without credentials, and no credentials in the environment."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (KEY_VARIABLE, PASSWORD_VARIABLE, "NETRC"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def file(tmp_path):
    def write(content, mode=0o600):
        file = tmp_path / "credentials"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)
        return str(file)

    return write


def found(file=None, base_url=PUBLIC_SERVICE):
    credentials = find_credentials(file, base_url)
    return credentials.domain_key, credentials.domain_password


def problem(capsys, file=None, base_url=PUBLIC_SERVICE):
    """The error if no credentials are found; neither it nor the output contains a secret."""
    with pytest.raises(SpongewatchError) as caught:
        find_credentials(file, base_url)
    text = str(caught.value)
    out, err = capsys.readouterr()
    assert not any(secret in shown for secret in SECRETS for shown in (text, out, err, repr(caught.value)))
    assert len(text.splitlines()) == 1
    return text


def give_standard_input(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))


def test_credentials_come_from_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "the-key")
    monkeypatch.setenv(PASSWORD_VARIABLE, "p+/%: \u00e9")
    assert found() == ("the-key", "p+/%: \u00e9")


@pytest.mark.parametrize(("given", "missing"), [(KEY_VARIABLE, PASSWORD_VARIABLE), (PASSWORD_VARIABLE, KEY_VARIABLE)])
@pytest.mark.parametrize("empty", [True, False])
def test_half_of_the_environment_is_an_error_even_if_netrc_has_both(monkeypatch, home, capsys, given, missing, empty):
    (home / ".netrc").write_text(f"machine {HOST} login a password b")
    monkeypatch.setenv(given, "the-password")
    if empty:
        monkeypatch.setenv(missing, "")
    assert problem(capsys) == f"{missing} is not set; {KEY_VARIABLE} and {PASSWORD_VARIABLE} are needed together"


@pytest.mark.parametrize(
    ("key", "password"),
    [("the-key:a", "the-password"), ("the-key", "the-password\n"), ("the-key\udcff", "the-password")],
)
def test_invalid_credentials_are_an_error(monkeypatch, capsys, key, password):
    monkeypatch.setenv(KEY_VARIABLE, key)
    monkeypatch.setenv(PASSWORD_VARIABLE, password)
    assert problem(capsys).startswith("environment variables: ")


@pytest.mark.parametrize(
    ("content", "pair"),
    [
        ("the-key:the-password", ("the-key", "the-password")),
        ("the-key:the-password\n", ("the-key", "the-password")),
        ("the-key:the-password\r\n", ("the-key", "the-password")),
        ("the-key:the-password\n\n", ("the-key", "the-password")),
        ("\ufeffthe-key:the-password\r\n", ("the-key", "the-password")),
        ("the-key:p+/%: \u00e9\n", ("the-key", "p+/%: \u00e9")),
        ("the-key::the-password:\n", ("the-key", ":the-password:")),
        (" the-key : the-password ", (" the-key ", " the-password ")),
        ("the-key:a\u2028b\u0085\n", ("the-key", "a\u2028b\u0085")),
    ],
)
def test_a_file_has_both_on_one_line_split_at_the_first_colon(file, monkeypatch, capsys, content, pair):
    assert found(file(content)) == pair
    assert capsys.readouterr() == ("", "")
    give_standard_input(monkeypatch, content.encode())
    assert found("-") == pair


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "\r\n",
        "the-key\n",
        "the-key\nthe-password\n",
        "the-key:the-password\n# mine\n",
        "\nthe-key:the-password",
    ],
)
def test_a_file_of_another_form_is_an_error(file, monkeypatch, capsys, content):
    path = file(content)
    assert problem(capsys, path) == f"--credentials {path}: must contain one line of the form key:password"
    give_standard_input(monkeypatch, content.encode())
    assert problem(capsys, "-") == "--credentials -: must contain one line of the form key:password"


@pytest.mark.parametrize(
    "content", [":the-password", "the-key:", "the-key:\r\n", "the-key:the-password\rmore", "the-key\0:the-password"]
)
def test_a_file_with_invalid_credentials_is_an_error(file, capsys, content):
    path = file(content)
    assert problem(capsys, path).startswith(f"--credentials {path}: ")


@pytest.mark.parametrize("content", [b"the-key:the-password\xff", "the-key:the-password".encode("utf-16")])
def test_a_file_that_is_not_utf8_is_an_error(file, monkeypatch, capsys, content):
    message = "--credentials: cannot read the file: not UTF-8 text"
    assert problem(capsys, file(content)) == message
    give_standard_input(monkeypatch, content)
    assert problem(capsys, "-") == message


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing", "No such file or directory"),
        ("", "Is a directory"),
        (".", "Is a directory"),
        ("the-key:the-password", "No such file or directory"),  # may be the credentials themselves
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_opened_is_an_error(tmp_path, monkeypatch, capsys, path, reason):
    monkeypatch.chdir(tmp_path)
    assert problem(capsys, path) == f"--credentials: cannot read the file: {reason}"


def test_closed_standard_input_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert problem(capsys, "-") == "--credentials -: standard input is closed"


def test_the_file_may_be_a_pipe(capsys):
    read_end, write_end = os.pipe()
    os.write(write_end, b"the-key:the-password\n")
    os.close(write_end)
    assert found(f"/dev/fd/{read_end}") == SECRETS
    os.close(read_end)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_private_file_is_read_without_a_warning(file, capsys, mode):
    assert found(file("the-key:the-password", mode)) == SECRETS
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_readable_by_others_is_a_warning(file, capsys, mode):
    path = file("the-key:the-password", mode)
    assert found(path) == SECRETS
    warning = f"spongewatch: warning: --credentials {path} is readable by other users; run chmod 600 on it\n"
    assert capsys.readouterr() == ("", warning)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o644, True), (0o640, True)])
def test_a_netrc_readable_by_others_is_a_warning_if_it_is_used(file, monkeypatch, capsys, mode, warned):
    path = file(f"machine {HOST} login the-key password the-password\n", mode)
    monkeypatch.setenv("NETRC", path)
    assert found() == SECRETS
    warning = f"spongewatch: warning: {path} is readable by other users; run chmod 600 on it\n"
    assert capsys.readouterr() == ("", warning if warned else "")
    with pytest.raises(SpongewatchError, match="^no credentials found; "):
        found(base_url="https://another.example")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/dev/null/netrc"])
def test_a_missing_file_in_the_variable_netrc_is_an_error(home, monkeypatch, capsys, path):
    (home / ".netrc").write_text(f"machine {HOST} login the-key password the-password\n")
    monkeypatch.setenv("NETRC", path)
    assert problem(capsys) == f"no credentials found; NETRC is set to {path}, which doesn't exist"
    monkeypatch.setenv("NETRC", "")
    assert found() == SECRETS


def test_netrc_in_the_home_directory_is_used_for_the_host(home):
    (home / ".netrc").write_text(
        f"machine other login a password b\nmachine {HOST} login the-key password the-password\n"
    )
    assert found() == SECRETS
    assert found(base_url=f"https://{HOST.upper()}:443/path") == SECRETS


def test_the_variable_netrc_names_another_file(home, file, monkeypatch):
    (home / ".netrc").write_text(f"machine {HOST} login a password b\n")
    monkeypatch.setenv("NETRC", file(f"machine {HOST} login the-key password the-password\n"))
    assert found() == SECRETS


@pytest.mark.parametrize(
    "content",
    [
        "",
        "default login the-key password the-password\n",
        "machine cloudsponge.com login the-key password the-password\n",
        f"machine {HOST}.evil.example login the-key password the-password\n",
        f"machine {HOST}:443 login the-key password the-password\n",
        "machine * login the-key password the-password\n",
    ],
)
def test_only_the_netrc_entry_of_exactly_the_host_is_used(home, capsys, content):
    (home / ".netrc").write_text(content)
    assert problem(capsys).startswith("no credentials found; ")


def test_a_host_named_default_does_not_get_the_default_entry(home, capsys):
    (home / ".netrc").write_text("default login the-key password the-password\n")
    assert problem(capsys, base_url="https://default").startswith("no credentials found; ")


@pytest.mark.parametrize(
    "content",
    [
        "the-key the-password",
        f"machine {HOST} login the-key secret the-password",
        b"machine a login the-key password the-password\xff",
    ],
)
def test_an_invalid_netrc_is_an_error(file, monkeypatch, capsys, content):
    path = file(content)
    monkeypatch.setenv("NETRC", path)
    assert problem(capsys) == f"cannot read {path} as a netrc file"


def test_a_folder_as_netrc_is_an_error(home, capsys):
    (home / ".netrc").mkdir()
    assert problem(capsys) == f"cannot read {home}/.netrc as a netrc file"


@pytest.mark.parametrize("entry", [f"machine {HOST} password the-password", f"machine {HOST} login the-key"])
def test_a_netrc_entry_with_one_half_is_an_error(home, capsys, entry):
    (home / ".netrc").write_text(f"{entry}\n")
    assert problem(capsys).startswith(f"{home}/.netrc: ")


@pytest.mark.parametrize("place", ["/dev/null", "/nowhere"])
def test_an_invalid_home_directory_has_no_netrc(monkeypatch, capsys, place):
    monkeypatch.setenv("HOME", place)
    assert problem(capsys).startswith("no credentials found; ")


def test_a_file_comes_before_the_environment_and_that_before_netrc(home, file, monkeypatch):
    (home / ".netrc").write_text(f"machine {HOST} login key-3 password password-3\n")
    assert found() == ("key-3", "password-3")
    monkeypatch.setenv(KEY_VARIABLE, "key-2")
    monkeypatch.setenv(PASSWORD_VARIABLE, "password-2")
    assert found() == ("key-2", "password-2")
    assert found(file("key-1:password-1")) == ("key-1", "password-1")


def test_an_unreadable_file_is_an_error_even_if_the_environment_has_both(monkeypatch, capsys):
    monkeypatch.setenv(KEY_VARIABLE, "the-key")
    monkeypatch.setenv(PASSWORD_VARIABLE, "the-password")
    assert problem(capsys, "/nowhere/at/all").endswith("No such file or directory")


def test_without_credentials_one_line_lists_the_sources(capsys):
    assert main(["watch", "1126"]) == 2
    assert capsys.readouterr() == (
        "",
        "spongewatch: no credentials found; set CLOUDSPONGE_DOMAIN_KEY and CLOUDSPONGE_DOMAIN_PASSWORD, "
        "use --credentials FILE, or add the service's host to netrc\n",
    )

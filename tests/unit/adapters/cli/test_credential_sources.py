import os
import sys
from io import BytesIO, TextIOWrapper

import pytest

from spongewatch import PUBLIC_SERVICE, InvalidArgument, LocalProtocolError
from spongewatch.adapters.cli.command_line import main
from spongewatch.adapters.cli.credential_sources import KEY_VARIABLE, PASSWORD_VARIABLE, find_credentials

HOST = "api.cloudsponge.com"
SECRETS = ("the-key", "the-password")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without credentials; what others of the machine have must not be found."""
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
    """What is said where no credentials are found; what was found of them is not in it."""
    with pytest.raises((InvalidArgument, LocalProtocolError)) as caught:
        find_credentials(file, base_url)
    text = str(caught.value)
    out, err = capsys.readouterr()
    assert not any(secret in said for secret in SECRETS for said in (text, out, err, repr(caught.value)))
    assert len(text.splitlines()) == 1
    return text


def give_standard_input(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))


def test_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "the-key")
    monkeypatch.setenv(PASSWORD_VARIABLE, "p+/%: \u00e9")
    assert found() == ("the-key", "p+/%: \u00e9")


@pytest.mark.parametrize(("given", "missing"), [(KEY_VARIABLE, PASSWORD_VARIABLE), (PASSWORD_VARIABLE, KEY_VARIABLE)])
@pytest.mark.parametrize("empty", [True, False])
def test_half_of_the_environment_is_told_even_where_netrc_has_both(monkeypatch, home, capsys, given, missing, empty):
    (home / ".netrc").write_text(f"machine {HOST} login a password b")
    monkeypatch.setenv(given, "the-password")
    if empty:
        monkeypatch.setenv(missing, "")
    assert problem(capsys) == f"{missing} is not set, though the other half of the credentials is"


@pytest.mark.parametrize(
    ("key", "password", "told"),
    [
        ("the-key:a", "the-password", "domain_key must not contain a colon"),
        ("the-key", "the-password\n", "domain_password must not contain control characters, such as a line feed"),
        ("the-key\udcff", "the-password", "domain_key must not contain lone surrogates, which UTF-8 can't encode"),
    ],
)
def test_what_can_be_no_credentials_is_told(monkeypatch, capsys, key, password, told):
    monkeypatch.setenv(KEY_VARIABLE, key)
    monkeypatch.setenv(PASSWORD_VARIABLE, password)
    assert problem(capsys) == told


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
def test_a_file_holds_both_on_one_line_split_at_the_first_colon(file, monkeypatch, capsys, content, pair):
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
def test_a_file_of_another_form_is_told(file, monkeypatch, capsys, content):
    path = file(content)
    assert problem(capsys, path) == f"--credentials {path}: has to be one line of the form key:password"
    give_standard_input(monkeypatch, content.encode())
    assert problem(capsys, "-") == "--credentials -: has to be one line of the form key:password"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (":the-password", "domain_key must not be empty"),
        ("the-key:", "domain_password must not be empty"),
        ("the-key:\r\n", "domain_password must not be empty"),
        ("the-key:the-password\rmore", "domain_password must not contain control characters, such as a line feed"),
        ("the-key\0:the-password", "domain_key must not contain control characters, such as a line feed"),
    ],
)
def test_a_file_with_a_half_missing_or_broken_is_told(file, capsys, content, told):
    assert problem(capsys, file(content)) == told


@pytest.mark.parametrize("content", [b"the-key:the-password\xff", "the-key:the-password".encode("utf-16")])
def test_a_file_that_is_no_text_is_told(file, monkeypatch, capsys, content):
    told = "the file of --credentials can't be read: it is no text in UTF-8"
    assert problem(capsys, file(content)) == told
    give_standard_input(monkeypatch, content)
    assert problem(capsys, "-") == told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("missing", "No such file or directory"),
        ("", "Is a directory"),
        (".", "Is a directory"),
        ("the-key:the-password", "No such file or directory"),  # so that it is not shown
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_file_that_can_not_be_opened_is_told(tmp_path, monkeypatch, capsys, path, told):
    monkeypatch.chdir(tmp_path)
    assert problem(capsys, path) == f"the file of --credentials can't be read: {told}"


def test_standard_input_that_is_closed_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert problem(capsys, "-") == "--credentials -: standard input is closed"


def test_a_pipe_will_do_as_a_file(capsys):
    read_end, write_end = os.pipe()
    os.write(write_end, b"the-key:the-password\n")
    os.close(write_end)
    assert found(f"/dev/fd/{read_end}") == SECRETS
    os.close(read_end)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_ones_own_is_no_matter(file, capsys, mode):
    assert found(file("the-key:the-password", mode)) == SECRETS
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_a_warning(file, capsys, mode):
    path = file("the-key:the-password", mode)
    assert found(path) == SECRETS
    warning = f"spongewatch: --credentials {path}: others can read this file; chmod 600 keeps it to you\n"
    assert capsys.readouterr() == ("", warning)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o644, True), (0o640, True)])
def test_a_netrc_that_others_can_read_is_a_warning_where_it_is_used(file, monkeypatch, capsys, mode, warned):
    path = file(f"machine {HOST} login the-key password the-password\n", mode)
    monkeypatch.setenv("NETRC", path)
    assert found() == SECRETS
    warning = f"spongewatch: {path}: others can read this file; chmod 600 keeps it to you\n"
    assert capsys.readouterr() == ("", warning if warned else "")
    with pytest.raises(LocalProtocolError, match="^no credentials: "):
        found(base_url="https://another.example")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/dev/null/netrc"])
def test_a_netrc_that_is_named_and_not_there_is_told(home, monkeypatch, capsys, path):
    (home / ".netrc").write_text(f"machine {HOST} login the-key password the-password\n")
    monkeypatch.setenv("NETRC", path)
    assert problem(capsys) == f"no credentials: NETRC names {path}, which is not there"
    monkeypatch.setenv("NETRC", "")
    assert found() == SECRETS


def test_netrc_in_the_home_has_them_for_the_host(home):
    (home / ".netrc").write_text(
        f"machine other login a password b\nmachine {HOST} login the-key password the-password\n"
    )
    assert found() == SECRETS
    assert found(base_url=f"https://{HOST.upper()}:443/path") == SECRETS


def test_netrc_may_be_elsewhere(home, file, monkeypatch):
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
def test_netrc_is_asked_for_exactly_the_host_and_never_for_its_default(home, capsys, content):
    (home / ".netrc").write_text(content)
    assert problem(capsys).startswith("no credentials: ")


def test_a_host_that_is_called_default_gets_no_default_either(home, capsys):
    (home / ".netrc").write_text("default login the-key password the-password\n")
    assert problem(capsys, base_url="https://default").startswith("no credentials: ")


@pytest.mark.parametrize(
    "content",
    [
        "the-key the-password",
        f"machine {HOST} login the-key secret the-password",
        b"machine a login the-key password the-password\xff",
    ],
)
def test_a_netrc_that_can_not_be_read_is_told(file, monkeypatch, capsys, content):
    path = file(content)
    monkeypatch.setenv("NETRC", path)
    assert problem(capsys) == f"{path} can't be read as a netrc file"


def test_a_folder_is_no_netrc(home, capsys):
    (home / ".netrc").mkdir()
    assert problem(capsys) == f"{home}/.netrc can't be read as a netrc file"


@pytest.mark.parametrize("entry", [f"machine {HOST} password the-password", f"machine {HOST} login the-key"])
def test_a_netrc_with_one_half_is_told(home, capsys, entry):
    (home / ".netrc").write_text(f"{entry}\n")
    half = "password" if "login" in entry else "key"
    assert problem(capsys) == f"{home}/.netrc: domain_{half} must not be empty"


@pytest.mark.parametrize("place", ["/dev/null", "/nowhere"])
def test_a_home_that_is_none_holds_no_netrc(monkeypatch, capsys, place):
    monkeypatch.setenv("HOME", place)
    assert problem(capsys).startswith("no credentials: ")


def test_the_file_goes_first_then_the_environment_then_netrc(home, file, monkeypatch):
    (home / ".netrc").write_text(f"machine {HOST} login key-3 password password-3\n")
    assert found() == ("key-3", "password-3")
    monkeypatch.setenv(KEY_VARIABLE, "key-2")
    monkeypatch.setenv(PASSWORD_VARIABLE, "password-2")
    assert found() == ("key-2", "password-2")
    assert found(file("key-1:password-1")) == ("key-1", "password-1")


def test_a_file_that_is_wrong_is_told_even_where_the_environment_has_both(monkeypatch, capsys):
    monkeypatch.setenv(KEY_VARIABLE, "the-key")
    monkeypatch.setenv(PASSWORD_VARIABLE, "the-password")
    assert problem(capsys, "/nowhere/at/all").endswith("No such file or directory")


def test_without_any_one_line_says_where_they_can_go(capsys):
    assert main(["watch", "1126"]) == 2
    assert capsys.readouterr() == (
        "",
        "spongewatch: no credentials: set CLOUDSPONGE_DOMAIN_KEY and CLOUDSPONGE_DOMAIN_PASSWORD, "
        "name a file with --credentials, or add the service's host to netrc\n",
    )

import base64
import pickle
import traceback

import pytest

from spongewatch import Credentials, InvalidArgument, InvalidType

PASSWORD = 'p+/%: é"'


def refusal(key, password):
    with pytest.raises((InvalidArgument, InvalidType)) as caught:
        Credentials(key, password)
    return str(caught.value)


@pytest.mark.parametrize(("key", "password"), [("key", PASSWORD), ("é 日", "日本"), ("k", ":"), ("a b", " ")])
def test_basic_encodes_the_pair_in_utf_8(key, password):
    scheme, encoded = Credentials(key, password).basic().split(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded, validate=True).decode() == f"{key}:{password}"


def test_the_repr_shows_neither():
    credentials = Credentials("the-key", PASSWORD)
    assert repr(credentials) == str(credentials) == f"{credentials}" == "Credentials()"


def test_credentials_are_values():
    assert Credentials("key", "a") == Credentials("key", "a") != Credentials("key", "b")
    assert len({Credentials("key", "a"), Credentials("key", "a")}) == 1
    assert pickle.loads(pickle.dumps(Credentials("key", PASSWORD))) == Credentials("key", PASSWORD)


def test_an_empty_key_or_password_is_refused():
    assert refusal("", "password") == "domain_key must not be empty"
    assert refusal("key", "") == "domain_password must not be empty"


@pytest.mark.parametrize("value", [None, 5, b"key"])
def test_a_key_and_a_password_must_be_str(value):
    kind = "None" if value is None else type(value).__name__
    for key, password, name in ((value, "password", "domain_key"), ("key", value, "domain_password")):
        with pytest.raises(InvalidType, match=f"^{name} must be a str, not {kind}$"):
            Credentials(key, password)


@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\t", "\x1f", "\x7f"])
def test_a_control_character_is_refused(character):
    assert "domain_key must not contain control characters" in refusal(f"hid{character}den", "password")
    assert "domain_password must not contain control characters" in refusal("key", f"hid{character}den")


@pytest.mark.parametrize("character", [chr(0xD800), chr(0xDFFF)])
def test_a_lone_surrogate_is_refused(character):
    assert "domain_key must not contain lone surrogates" in refusal(f"hid{character}den", "password")
    assert "domain_password must not contain lone surrogates" in refusal("key", f"hid{character}den")


@pytest.mark.parametrize("character", [" ", "~", chr(0x80), chr(0xD7FF), chr(0xE000)])
def test_any_other_character_is_accepted(character):
    assert Credentials(f"k{character}", f"p{character}").domain_password == f"p{character}"


def test_a_key_with_a_colon_is_refused():
    assert refusal("hid:den", "password") == "domain_key must not contain a colon"


@pytest.mark.parametrize(("key", "password"), [("hid:den", "hidden"), ("hid\nden", "hidden"), ("hidden", "hid\nden")])
def test_an_error_holds_no_secret(key, password):
    text = refusal(key, password)
    assert "hid" not in text
    assert "den" not in text


def test_their_redaction_removes_password_and_header():
    credentials = Credentials("key", PASSWORD)
    assert credentials.redaction.text(f"{PASSWORD} and {credentials.basic()}") == "****** and Basic ******"


REFUSED = [
    ("hid:den", "hunter22"),
    ("key\n", "hunter22"),
    ("key", "hunter22\n"),
    ("", "hunter22"),
    ("hunter22", None),
    ("key", b"hunter22"),
    (5, "hunter22"),
    ("key", "hunter22\ud800"),
]


@pytest.mark.reads_locals
@pytest.mark.parametrize(("key", "password"), REFUSED)
def test_an_error_reporter_that_prints_locals_shows_neither(key, password):
    with pytest.raises((InvalidArgument, InvalidType)) as caught:
        Credentials(key, password)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
    shown = str([frame.locals for frame in frames])
    assert "hunter22" not in shown
    assert "hid:den" not in shown


def test_attributes_with_the_password_hide_it_in_their_repr():
    credentials = Credentials("key", "hunter22")
    assert credentials.domain_password == "hunter22"
    assert "hunter22" not in repr([credentials.domain_password])
    assert "Basic" not in repr([credentials.basic()])


def test_the_repr_of_half_made_credentials_does_not_raise():
    assert repr(object.__new__(Credentials)) == "Credentials()"

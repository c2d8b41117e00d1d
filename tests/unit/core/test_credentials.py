import base64
import pickle
import traceback

import pytest

from spongewatch import Credentials, LocalProtocolError

PASSWORD = 'p+/%: é"'


def refusal(key, password):
    with pytest.raises(LocalProtocolError) as caught:
        Credentials(key, password)
    return str(caught.value)


@pytest.mark.parametrize(("key", "password"), [("key", PASSWORD), ("é 日", "日本"), ("k", ":"), ("a b", " ")])
def test_basic_is_the_pair_as_utf_8(key, password):
    scheme, encoded = Credentials(key, password).basic().split(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded, validate=True).decode() == f"{key}:{password}"


def test_neither_is_ever_shown():
    credentials = Credentials("the-key", PASSWORD)
    assert repr(credentials) == str(credentials) == f"{credentials}" == "Credentials()"


def test_they_are_values():
    assert Credentials("key", "a") == Credentials("key", "a") != Credentials("key", "b")
    assert len({Credentials("key", "a"), Credentials("key", "a")}) == 1
    assert pickle.loads(pickle.dumps(Credentials("key", PASSWORD))) == Credentials("key", PASSWORD)


@pytest.mark.parametrize("nothing", ["", None, 5, b"key"])
def test_a_missing_one_is_refused(nothing):
    assert refusal(nothing, "password") == "the domain key is missing"
    assert refusal("key", nothing) == "the domain password is missing"


@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\t", "\x1f", "\x7f"])
def test_a_control_character_is_refused(character):
    assert "the domain key holds a control character" in refusal(f"hid{character}den", "password")
    assert "the domain password holds a control character" in refusal("key", f"hid{character}den")


@pytest.mark.parametrize("character", [chr(0xD800), chr(0xDFFF)])
def test_half_a_character_is_refused(character):
    assert "the domain key holds half a character" in refusal(f"hid{character}den", "password")
    assert "the domain password holds half a character" in refusal("key", f"hid{character}den")


@pytest.mark.parametrize("character", [" ", "~", chr(0x80), chr(0xD7FF), chr(0xE000)])
def test_any_other_character_may_stand_in_them(character):
    assert Credentials(f"k{character}", f"p{character}").domain_password == f"p{character}"


def test_a_key_with_a_colon_is_refused():
    assert refusal("hid:den", "password") == "a domain key holds no colon"


@pytest.mark.parametrize(("key", "password"), [("hid:den", "hidden"), ("hid\nden", "hidden"), ("hidden", "hid\nden")])
def test_an_error_holds_no_secret(key, password):
    text = refusal(key, password)
    assert "hid" not in text
    assert "den" not in text


def test_they_take_themselves_out_of_a_text():
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
    with pytest.raises(LocalProtocolError) as caught:
        Credentials(key, password)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
    shown = str([frame.locals for frame in frames])
    assert "hunter22" not in shown
    assert "hid:den" not in shown


def test_what_holds_the_password_hides_it():
    credentials = Credentials("key", "hunter22")
    assert credentials.domain_password == "hunter22"
    assert "hunter22" not in repr([credentials.domain_password])
    assert "Basic" not in repr([credentials.basic()])


def test_the_repr_of_half_made_credentials_does_not_raise():
    assert repr(object.__new__(Credentials)) == "Credentials()"

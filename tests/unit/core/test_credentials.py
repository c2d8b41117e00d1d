import base64
import pickle

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
    assert credentials.redaction.text(f"{PASSWORD} and {credentials.basic()}") == "[secret] and Basic [secret]"

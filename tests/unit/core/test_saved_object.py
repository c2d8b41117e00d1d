import json

import pytest

from spongewatch.core.errors import InvalidType, LocalProtocolError
from spongewatch.core.saved_object import MAX_SAVED, SavedObject
from spongewatch.core.table import State


def saved(**keys):
    return SavedObject.parse("thing", 3, json.dumps({"spongewatch-thing": 3, **keys}))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5000])
def test_text_that_is_not_json_is_refused(text):
    with pytest.raises(LocalProtocolError, match="the saved thing is not JSON"):
        SavedObject.parse("thing", 3, text)


@pytest.mark.parametrize("saved", [None, 5, b"{}", b" " * (MAX_SAVED + 1), {"spongewatch-thing": 3}], ids=type)
def test_only_text_is_read(saved):
    with pytest.raises(InvalidType, match="^saved must be a str, not "):
        SavedObject.parse("thing", 3, saved)


def test_text_over_the_limit_is_not_parsed():
    whole = '{"spongewatch-thing": 3}'
    assert SavedObject.parse("thing", 3, whole.ljust(MAX_SAVED)).count("spongewatch-thing") == 3
    with pytest.raises(LocalProtocolError, match="^the saved thing has more than 16,777,216 characters$"):
        SavedObject.parse("thing", 3, whole.ljust(MAX_SAVED + 1))


@pytest.mark.parametrize("text", ["[]", "null", "5"])
def test_a_json_value_other_than_an_object_is_refused(text):
    with pytest.raises(LocalProtocolError, match="the saved thing is not a JSON object"):
        SavedObject.parse("thing", 3, text)


def test_another_version_is_refused():
    with pytest.raises(LocalProtocolError, match="spongewatch-thing must be 3, the only supported version, not 4"):
        SavedObject.parse("thing", 3, '{"spongewatch-thing": 4}')
    with pytest.raises(LocalProtocolError, match="spongewatch-thing must be a whole number"):
        SavedObject.parse("thing", 3, '{"spongewatch-thing": 3.0}')
    with pytest.raises(LocalProtocolError, match="has no key spongewatch-thing"):
        SavedObject.parse("thing", 3, "{}")


def test_values_of_the_right_kind_are_accepted():
    parsed = saved(name="x", count=5, state="ERROR", list=[1], child={"name": None, "count": None}, none=None)
    assert (parsed.text("name"), parsed.count("count"), parsed.choice("state", State)) == ("x", 5, State.ERROR)
    assert parsed.items("list") == [1]
    child = parsed.child("child")
    assert child is not None
    assert (child.text("name"), child.count("count"), parsed.child("none")) == (None, None, None)


EXPECTED = {
    "text": "text or null",
    "count": "a whole number of at least 0, or null",
    "items": "a list",
    "child": "an object or null",
    "flag": "true or false",
    "number": "a number",
    "whole": "a whole number of at least 0",
    "mapping": "an object",
}


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("text", 5),
        ("count", "5"),
        ("count", -1),
        ("count", True),
        ("count", 10**15),
        ("items", None),
        ("child", []),
        ("flag", 1),
        ("flag", None),
        ("number", True),
        ("number", "5"),
        ("number", None),
        ("whole", None),
        ("whole", -1),
        ("whole", 5.0),
        ("whole", True),
        ("mapping", None),
        ("mapping", []),
    ],
)
def test_a_value_of_another_kind_is_named_and_shown(method, value):
    with pytest.raises(LocalProtocolError) as caught:
        getattr(saved(m=value), method)("m")
    assert str(caught.value) == f"the saved thing: m must be {EXPECTED[method]}, not {json.dumps(value)}"


def test_values_of_required_keys():
    parsed = saved(flag=False, number=-1.5, whole_number=2, whole=0, mapping={"a": [1]}, word="b")
    assert parsed.flag("flag") is False
    assert (parsed.number("number"), parsed.number("whole_number")) == (-1.5, 2)
    assert (parsed.whole("whole"), parsed.mapping("mapping")) == (0, {"a": [1]})
    assert parsed.word("word", ("a", "b")) == "b"


@pytest.mark.parametrize("value", ["", "A", "ab", 5, None, ["a"], {}])
def test_an_unknown_word_is_refused(value):
    with pytest.raises(LocalProtocolError, match="the saved thing: m must be one of a, b, not ") as caught:
        saved(m=value).word("m", ("a", "b"))
    assert str(caught.value).endswith(json.dumps(value))


@pytest.mark.parametrize("method", ["take", "text", "flag", "number", "whole", "mapping", "count", "items", "child"])
def test_a_missing_key_is_named(method):
    with pytest.raises(LocalProtocolError, match="^the saved thing has no key m$"):
        getattr(saved(), method)("m")
    with pytest.raises(LocalProtocolError, match="^the saved thing has no key m$"):
        saved().word("m", ("a",))


@pytest.mark.parametrize("value", ["error", 5, None, [], {}])
def test_an_unknown_choice_is_refused(value):
    with pytest.raises(LocalProtocolError, match="m must be one of INITIALIZING, GATHERING, COMPLETE, ERROR, not"):
        saved(m=value).choice("m", State)


def test_an_error_in_a_child_names_its_parent():
    child = saved(failure={"code": "x"}).child("failure")
    assert child is not None
    with pytest.raises(LocalProtocolError, match="the saved thing's failure: code must be"):
        child.count("code")


def test_control_characters_in_saved_text_are_escaped():
    with pytest.raises(LocalProtocolError) as caught:
        saved(m="\x1b[2J\u202e").count("m")
    assert str(caught.value).isprintable()

import pytest

from spongewatch.core.text import json_text, printable, shortened, shown


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b", "\n", "\u202e", "\u2066", "\ud800", "\u2028"])
def test_what_does_not_print_is_escaped(character):
    text = printable(f"a{character}b")
    assert text.isprintable()
    assert text.startswith("a\\")
    assert text.endswith("b")


def test_beside_what_is_escaped_the_rest_stays():
    assert printable("Zoë\x1b東\\京") == "Zoë\\x1b東\\京"


def test_what_prints_stays():
    assert printable("Zoë, 東京 & 😀") == "Zoë, 東京 & 😀"


def test_a_long_text_is_cut():
    assert shortened("x" * 201) == "x" * 200


def test_a_value_as_json():
    assert json_text({"a": [1, None, "é"]}) == '{"a": [1, null, "é"]}'


def test_what_json_can_not_write_is_named():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert json_text(deep) == json_text(10**5000) == "(too long or too deep to show)"


def test_what_no_json_has_is_as_python_writes_it():
    assert json_text({(1, 2): 3}) == "{(1, 2): 3}"


def test_what_is_shown_is_short_and_prints():
    assert len(shown("x" * 1000)) == 200
    assert shown("\x1b\u202e").isprintable()

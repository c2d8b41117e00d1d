import pytest

from spongewatch.core.text import json_text, printable, shortened, shown


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b", "\n", "\u202e", "\u2066", "\ud800", "\u2028"])
def test_characters_that_do_not_print_are_escaped(character):
    text = printable(f"a{character}b")
    assert text.isprintable()
    assert text.startswith("a\\")
    assert text.endswith("b")


def test_other_characters_beside_escaped_ones_stay():
    assert printable("Zoë\x1b東\\京") == "Zoë\\x1b東\\京"


def test_printable_text_stays():
    assert printable("Zoë, 東京 & 😀") == "Zoë, 東京 & 😀"


def test_a_long_text_is_cut():
    assert shortened("x" * 201) == "x" * 200


def test_a_value_as_json():
    assert json_text({"a": [1, None, "é"]}) == '{"a": [1, null, "é"]}'


def test_a_value_too_long_or_too_deep_for_json():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert json_text(deep) == json_text(10**5000) == "(too long or too deep to show)"


def test_a_value_without_json_is_written_by_str():
    assert json_text({(1, 2): 3}) == "{(1, 2): 3}"


def test_a_shown_value_is_short_and_printable():
    assert len(shown("x" * 1000)) == 200
    assert shown("\x1b\u202e").isprintable()

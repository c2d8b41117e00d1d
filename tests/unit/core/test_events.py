from decimal import Decimal

import pytest

from spongewatch.core.errors import InvalidArgument, InvalidType, RemoteProtocolError
from spongewatch.core.events import EventsPage, ImportEvent, error_message

WORD_65 = "A" * 65


def page(*rows, **keys):
    return EventsPage.from_json({"events": list(rows), **keys})


def value_of(value):
    (event,) = page({"event_type": "GATHERING", "status": "INPROGRESS", "value": value}).events
    return event.value, event.odd_value


def refusal(obj):
    with pytest.raises(RemoteProtocolError) as caught:
        EventsPage.from_json(obj)
    return str(caught.value)


def test_a_page_has_ids_as_text_and_rows_in_their_order():
    parsed = page(
        {"event_type": "GATHERING", "status": "COMPLETED", "value": 2, "created_at": "unknown keys are ignored"},
        {"event_type": "INITIALIZING", "status": "COMPLETED"},
        import_id=1126,
        user_id="myUser",
        echo=None,
    )
    assert parsed == EventsPage(
        "1126",
        "myUser",
        None,
        (ImportEvent("GATHERING", "COMPLETED", 2), ImportEvent("INITIALIZING", "COMPLETED")),
    )


def test_an_empty_list_without_ids_is_valid():
    assert page() == EventsPage(None, None, None, ())


@pytest.mark.parametrize(
    ("given", "text"), [("x" * 500, "x" * 200), (89708927, "89708927"), (" 7 ", "7"), ("", None), (None, None)]
)
def test_an_import_id_is_a_str_or_none(given, text):
    assert page(import_id=given).import_id == text


def test_user_id_and_echo_are_not_changed():
    parsed = page(user_id=" \x1b ", echo={"a": 1})
    assert (parsed.user_id, parsed.echo) == (" \x1b ", '{"a": 1}')


@pytest.mark.parametrize("number", [0, 1, 2340, 10**15 - 1])
def test_a_whole_number_is_a_value_as_a_number_or_as_text(number):
    assert value_of(number) == value_of(str(number)) == value_of(f" {number}\n") == (number, None)


def test_a_whole_decimal_is_a_value():
    assert value_of(Decimal(5)) == (5, None)


@pytest.mark.parametrize("blank", ["\u001f", "\u00a0", "\u2003", "\v"])
def test_white_space_around_a_number_is_ignored(blank):
    assert value_of(f"{blank}5{blank}") == (5, None)


@pytest.mark.parametrize("nothing", [None, "", " \t "])
def test_null_and_white_space_mean_that_there_is_no_value(nothing):
    assert value_of(nothing) == (None, None)


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        (-1, "-1"),
        (10**15, "1000000000000000"),
        (5.0, "5.0"),
        (True, "true"),
        ("many", "many"),
        ("+5", "+5"),
        ("٣", "٣"),
        ("1_000", "1_000"),
        ("1" * 16, "1" * 16),
        ([5], "[5]"),
        (Decimal("5.5"), "5.5"),
        ({"n": 5}, '{"n": 5}'),
        (float("nan"), "NaN"),
        ("x" * 1000, "x" * 200),
        pytest.param(10**5000, "(too long or too deep to show)", id="huge"),
    ],
)
def test_any_other_value_is_an_odd_value(odd, text):
    assert value_of(odd) == (None, text)


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ([], "the response is a list, not an object with events"),
        ("x", "the response is text, not an object with events"),
        (None, "the response is null, not an object with events"),
        (5, "the response is a number, not an object with events"),
        (True, "the response is true or false, not an object with events"),
        ({}, "the response has no events"),
        ({"events": None}, "the events of the response are null, not a list"),
        ({"events": {}}, "the events of the response are an object, not a list"),
        ({"events": [{}] * 1001}, "the response has 1,001 rows; at most 1,000 are accepted"),
        ({"events": [5]}, "row 1 of the response is a number, not an object"),
        ({"events": [{"status": "ERROR"}]}, "row 1 of the response has no event_type"),
        ({"events": [{"event_type": "A"}]}, "row 1 of the response has no status"),
        ({"events": [{"event_type": True, "status": "A"}]}, "event_type is true or false, not text"),
        ({"events": [{"event_type": " ", "status": "A"}]}, "event_type is blank"),
        ({"events": [{"event_type": WORD_65, "status": "A"}]}, "event_type has 65 characters; at most 64 are accepted"),
        (
            {"events": [{"event_type": "é" * 64, "status": "A"}]},
            f"event_type is '{'é' * 64}', which is not printable ASCII",
        ),
        ({"events": [{"event_type": "é\x1b", "status": "A"}]}, "event_type is 'é\\x1b', which is not printable ASCII"),
        ({"error": {"message": "no such\nimport", "code": 404}}, "returned an error: no such\\nimport"),
    ],
)
def test_a_broken_shape_is_refused_with_the_row_and_the_key(obj, message):
    assert refusal(obj).endswith(message)


def test_the_message_names_the_broken_row():
    good = {"event_type": "A", "status": "B"}
    assert refusal({"events": [good, good, {**good, "status": None}]}).startswith(
        "row 3 of the response: status is null"
    )


def test_a_thousand_rows_and_words_of_64_characters_are_accepted():
    assert len(page(*[{"event_type": "A" * 64, "status": "B"}] * 1000).events) == 1000


def test_white_space_around_words_is_ignored():
    (event,) = page({"event_type": "\n GATHERING ", "status": "IN PROGRESS\t"}).events
    assert (event.type, event.status) == ("GATHERING", "IN PROGRESS")


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"error": {"message": "m" * 500}}, "m" * 200),
        ({"error": "plain"}, "plain"),
        ({"error": {}}, "without a message"),
        ({"error": None}, "without a message"),
        ({"error": {"message": 5}}, "5"),
        ({"error": ["a", 1]}, '["a", 1]'),
        ({"error": {"message": "\x1b\u202e"}}, "\\x1b\\u202e"),
        ({"error": "x", "events": []}, "x"),
    ],
)
def test_the_message_of_an_error_envelope(obj, message):
    assert error_message(obj) == message


@pytest.mark.parametrize("obj", [{}, [], "error", None])
def test_other_json_has_no_error_message(obj):
    assert error_message(obj) is None


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("", "ERROR"), "type must be 1 to 64 printable ASCII characters"),
        ((WORD_65, "ERROR"), "type must be 1 to 64 printable ASCII characters"),
        (("GATHERING", WORD_65), "status must be 1 to 64 printable ASCII characters"),
        (("GATHERING", "é"), "status must be 1 to 64 printable ASCII characters"),
        (("A", "B", -1), "value must be from 0 to 999,999,999,999,999"),
        (("A", "B", 10**15), "value must be from 0 to 999,999,999,999,999"),
        (("A", "B", 5, "odd beside a value"), "odd_value must be None if there is a value"),
    ],
)
def test_an_event_checks_its_arguments(arguments, problem):
    with pytest.raises(InvalidArgument) as caught:
        ImportEvent(*arguments)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((None, "ERROR"), "type must be a str, not None"),
        (("GATHERING", 5), "status must be a str, not int"),
        (("A", "B", True), "value must be an int or None, not bool"),
        (("A", "B", "5"), "value must be an int or None, not str"),
        (("A", "B", None, 5), "odd_value must be a str or None, not int"),
    ],
)
def test_an_event_checks_the_types_of_its_arguments(arguments, problem):
    with pytest.raises(InvalidType) as caught:
        ImportEvent(*arguments)
    assert str(caught.value) == problem


def test_an_event_as_json_has_an_odd_value_only_if_there_is_one():
    assert ImportEvent("A", "B", None, "odd").to_json() == {
        "type": "A",
        "status": "B",
        "value": None,
        "odd_value": "odd",
    }
    assert list(ImportEvent("A", "B", 1).to_json()) == ["type", "status", "value"]

import json

import pytest

from answers import json_body, rows
from spongewatch import MAX_BODY, ImportEvent, Redaction, RemoteProtocolError, Response
from spongewatch.answer import read_answer

PASSWORD = 'p+/%: é"'
LISTED = ["SUBMITTING DONE", "INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0"]


def read(body, *secrets, **headers):
    return read_answer(Response(200, headers, body), "1126", Redaction(secrets))


def body_of(*odd_rows, **members):
    """As `json_body`, for rows that no `ImportEvent` can hold."""
    events = [dict(zip(("event_type", "status", "value"), row, strict=True)) for row in odd_rows]
    return json.dumps({"events": events, **members}).encode()


def test_what_holds_no_echo_is_read_as_it_came():
    events = rows("INITIALIZING COMPLETED 0", "SUBMITTING DONE")
    page = read(json_body(events, import_id=1126, user_id="me", echo="mine"), PASSWORD)
    assert (page.import_id, page.user_id, page.echo) == ("1126", "me", "mine")
    assert page.events == (ImportEvent("INITIALIZING", "COMPLETED", 0), ImportEvent("SUBMITTING", "DONE"))


def test_what_the_customer_asked_to_have_handed_back_may_be_missing():
    page = read(json_body([]), PASSWORD)
    assert (page.import_id, page.user_id, page.echo) == (None, None, None)


@pytest.mark.parametrize("listed", [True, False])
def test_no_part_of_a_page_holds_a_secret(listed):
    events = (
        [("GATHERING", "INPROGRESS", 5)] if listed else [("SUBMITTING", f"DONE {PASSWORD[:5]}", f"{PASSWORD} soon")]
    )
    page = read(body_of(*events, user_id=PASSWORD, echo=f"<{PASSWORD}>"), PASSWORD, PASSWORD[:5])
    assert (page.user_id, page.echo) == ("[secret]", "<[secret]>")
    assert listed or (page.events[0].status, page.events[0].odd_value) == ("DONE [secret]", "[secret] soon")


def test_the_content_type_is_believed():
    with pytest.raises(RemoteProtocolError, match="not XML"):
        read(json_body([]), **{"content-type": "text/xml"})
    with pytest.raises(RemoteProtocolError, match="not XML"):
        read(json_body([]), "events", **{"content-type": "text/xml"})


def test_what_can_not_be_read_is_told_without_secrets():
    with pytest.raises(RemoteProtocolError, match=r"^the service answers with an error: no \[secret\]$") as caught:
        read(json.dumps({"error": {"message": f"no {PASSWORD}", "code": 1}}).encode(), PASSWORD)
    assert caught.value.__suppress_context__


def test_what_only_the_redaction_makes_readable_is_read():
    """As it is in a trace; a strange answer, but of one mind with its recording."""
    secret = "hush" * 50
    body = b" " * (MAX_BODY - 100) + body_of(handed_back=secret)
    with pytest.raises(RemoteProtocolError, match="more than 1,048,576 bytes"):
        read(body)
    assert read(body, secret).events == ()


def test_what_the_redaction_makes_unreadable_is_read_as_it_came():
    page = read(json_body(rows("SUBMITTING DONE", "GATHERING COMPLETED 7")), "event_type")
    assert page.events == (ImportEvent("SUBMITTING", "DONE"), ImportEvent("GATHERING", "COMPLETED", 7))


def test_where_the_redaction_loses_a_listed_row_the_page_is_read_as_it_came():
    page = read(json_body(rows("SUBMITTING 5", "GATHERING COMPLETED 5")), "5")
    assert page.events == (ImportEvent("SUBMITTING", "[secret]"), ImportEvent("GATHERING", "COMPLETED", 5))


@pytest.mark.parametrize("password", ["COMPLETED", "event_type", "events", "E", '"', ":", "5", "SUBMITTING"])
def test_no_password_however_odd_hides_a_listed_row(password):
    page = read(json_body(rows(*LISTED)), password)
    assert page.events[1:] == (
        ImportEvent("INITIALIZING", "COMPLETED", 0),
        ImportEvent("GATHERING", "COMPLETED", 7),
        ImportEvent("COMPLETE", "COMPLETED", 0),
    )


def test_only_a_strangers_words_are_changed_where_the_password_is_a_word_of_the_protocol():
    body = body_of(
        ("INITIALIZING", "COMPLETED", "GATHERING soon"),
        ("GATHERING", "COMPLETED", 7),
        ("GATHERING", "IS GATHERING", 5),
        ("MY GATHERING", "COMPLETED", "5 GATHERING"),
    )
    assert read(body, "GATHERING").events == (
        ImportEvent("INITIALIZING", "COMPLETED", None, "[secret] soon"),
        ImportEvent("GATHERING", "COMPLETED", 7),
        ImportEvent("GATHERING", "IS [secret]", 5),
        ImportEvent("MY [secret]", "COMPLETED", None, "5 [secret]"),
    )


def test_a_word_that_grows_by_the_redaction_is_cut():
    page = read(json_body(rows("GATHERING COMPLETED 7", f"{'R' * 64} {'R' * 63}D")), "R")
    assert [len(word) for word in (page.events[1].type, page.events[1].status)] == [64, 64]
    assert page.events[1].type == "[secret]" * 8


def test_listed_words_of_a_row_that_is_not_listed_are_kept_where_the_page_is_read_as_it_came():
    page = read(json_body(rows("SUBMITTING COMPLETED 1", "COMPLETE DONE 2", "GATHERING COMPLETED 7")), "COMPLETE")
    assert [(each.type, each.status) for each in page.events] == [
        ("SUBMITTING", "COMPLETED"),
        ("COMPLETE", "DONE"),
        ("GATHERING", "COMPLETED"),
    ]


@pytest.mark.parametrize(
    ("import_id", "told"), [(1127, '"1127"'), (PASSWORD, r'"[secret]"'), ("x" * 195 + PASSWORD, f'"{"x" * 195}[sec')]
)
def test_an_answer_of_another_import_is_refused(import_id, told):
    with pytest.raises(RemoteProtocolError) as caught:
        read(json_body(rows("GATHERING COMPLETED 7"), import_id=import_id), PASSWORD)
    assert str(caught.value) == f"the answer is that of another import, {told}"

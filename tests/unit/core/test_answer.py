import json

import pytest

from answers import json_body, rows
from spongewatch import MAX_BODY, ImportEvent, Redaction, RemoteProtocolError, Response, answer_to_keep
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
    with pytest.raises(RemoteProtocolError, match=r"^the service answers with an error: no \[secret\]$"):
        read(json.dumps({"error": {"message": f"no {PASSWORD}", "code": 1}}).encode(), PASSWORD)
    with pytest.raises(RemoteProtocolError, match=r"event_type is '\[secret\]\\x9f', which is not printable ASCII$"):
        read(body_of(("hush\x9f", "DONE", 1)), "hush")

    with pytest.raises(RemoteProtocolError, match=r"status is '\[secret\]\\x9f', which is not printable ASCII$"):
        read(body_of(("GATHERING", "hush\x9f", 1)), "hush")


@pytest.mark.parametrize("password", ["answer", "e", "error", "service"])
def test_what_we_say_ourselves_does_not_tell_that_a_password_is_one_of_our_words(password):
    with pytest.raises(RemoteProtocolError, match="^the answer is not JSON, at line 1, column 1$"):
        read(b"not now", password)
    with pytest.raises(RemoteProtocolError, match="^the service answers with an error: no$"):
        read(b'{"error": "no"}', password)


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


# Secrets in parts, and texts that are cut.

SPLIT = ["hu<!-- -->sh", "hu<?a b?>sh", "hu<![CDATA[s]]>h", "hu&#000000000115;h", "hu&#x00000000073;h"]


@pytest.mark.parametrize("split", SPLIT)
def test_a_secret_in_parts_is_one_when_it_is_told(split):
    page = f"<user-id>{split}</user-id><echo>-{split}-</echo><events><event><event-type>{split}</event-type>"
    page += f"<status>DONE</status><value>{'x' * 197}{split}</value></event></events>"
    told = read(f"<eventsResponse>{page}</eventsResponse>".encode(), "hush")
    assert (told.user_id, told.echo) == ("[secret]", "-[secret]-")
    assert told.events == (ImportEvent("[secret]", "DONE", None, "x" * 197 + "[se"),)
    with pytest.raises(RemoteProtocolError, match=r"^the service answers with an error: x{197}\[se$"):
        read(f"<error><message>{'x' * 197}{split}</message></error>".encode(), "hush")
    with pytest.raises(RemoteProtocolError, match=r'another import, "x{197}\[s$'):
        read(f"<eventsResponse><import-id>{'x' * 197}{split}</import-id><events/></eventsResponse>".encode(), "hush")


def test_a_number_is_a_secret_too_however_it_is_written():
    with pytest.raises(RemoteProtocolError, match=r"an error: \[secret\]\.0$"):
        read(b'{"error": {"message": 2.0261123e7}}', "20261123")


def test_the_id_that_is_watched_is_told_whatever_the_password():
    assert read(json_body([], import_id="1126"), "1126").import_id == "1126"


# What is kept.


def kept(body, *secrets, status=200, **headers):
    return answer_to_keep(Response(status, headers, body), "1126", Redaction(secrets))


@pytest.mark.parametrize("status", [200, 401, 503])
@pytest.mark.parametrize(
    "body", [json_body(rows("GATHERING COMPLETED 7"), import_id=1126), b'{"error": {"message": "no"}}', b"<html>", b""]
)
def test_an_answer_without_secrets_is_kept_as_it_came(status, body):
    assert kept(body, PASSWORD, status=status, date="today") == Response(status, {"date": "today"}, body)


def test_an_echo_is_taken_out_of_the_bytes_that_came():
    body = b'{"events": [],  "user_id": "hush", "more": "hu\\u0073h"}'
    assert kept(body, "hush").body == b'{"events": [],  "user_id": "[secret]", "more": "[secret]"}'
    assert kept(b"busy: hush", "hush", status=503).body == b"busy: [secret]"


@pytest.mark.parametrize("password", ["event_type", "GATHERING", "7", "1126", ":", "e"])
def test_where_the_bytes_would_say_something_else_what_they_say_is_kept(password):
    came = json_body(rows("SUBMITTING DONE", "GATHERING COMPLETED 7"), import_id=1126, user_id=f"<{password}>")
    answer = kept(came, password, **{"content-type": "text/json", "date": "today"})
    assert dict(answer.headers) == {"content-type": "application/json", "date": "today"}
    page = read_answer(answer, "1126", Redaction(()))
    assert page == read(came, password)
    assert (page.import_id, page.user_id) == ("1126", "<[secret]>")
    assert page.events[-1] == ImportEvent("GATHERING", "COMPLETED", 7)


def test_an_odd_value_is_kept_as_the_text_that_it_is():
    came = body_of(("GATHERING", "COMPLETED", "7 GATHERING"))
    assert read_answer(kept(came, "GATHERING"), "1126", Redaction(())).events == (
        ImportEvent("GATHERING", "COMPLETED", None, "7 [secret]"),
    )


@pytest.mark.parametrize("split", SPLIT[:3])
@pytest.mark.parametrize("status", [200, 401, 503])
def test_of_an_error_that_hides_a_secret_the_message_is_kept(status, split):
    body = f"<error><message>no {split}</message></error>".encode()
    assert json.loads(kept(body, "hush", status=status).body) == {"error": {"message": "no [secret]"}}


def test_the_content_type_of_what_is_kept_is_believed():
    body = b'{"error": {"message": 2.0261123e7}}'  # which is no message where it is to be XML
    assert kept(body, "20261123", status=503, **{"content-type": "text/xml"}).body == body
    assert kept(body, "20261123", status=503).body == b'{"error": {"message": "[secret].0"}}'


@pytest.mark.parametrize("split", SPLIT[:3])
def test_where_a_secret_hides_in_what_nobody_reads_only_what_is_read_is_kept(split):
    page = b"<eventsResponse><debug>%s</debug><events/></eventsResponse>" % split.encode()
    nothing = {"import_id": None, "user_id": None, "echo": None, "events": []}
    assert json.loads(kept(page, "hush").body) == nothing
    assert kept(b"<a>%s</a>" % split.encode(), "hush", status=503).body == b"{}"
    assert json.loads(kept(b"<a>%s</a>" % split.encode(), "hush").body) == {
        "problem": "the answer is XML without an eventsResponse element"
    }

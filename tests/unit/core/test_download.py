"""When requests of steps 1 and 3 are repeated, and when they are not."""

import json

import pytest

from spongewatch import (
    BegunImport,
    Contacts,
    RemoteProtocolError,
    Request,
    Response,
    ServiceError,
    TransportError,
)
from spongewatch.core.download import Call, ContactsDownload, Pause, begin

POST = Request("POST", "https://api.example/begin_import/user_consent.json")
REFUSED = TransportError("refused", "connection refused")
UNKNOWN_HOST = TransportError("dns", "no such host")


def driven(steps, results, *, takes=0.1):
    """Run `steps` over scripted `results`; return its result or error, and what it asked for."""
    results, asked, now = iter(results), [], 0.0
    try:
        step = next(steps)
        while True:
            asked.append(step)
            if isinstance(step, Pause):
                now += step.seconds
                step = steps.send((None, now))
            else:
                now += takes
                step = steps.send((next(results), now))
    except StopIteration as end:
        return end.value, asked
    except (ServiceError, RemoteProtocolError) as error:
        return error, asked


def calls(asked):
    return [step for step in asked if isinstance(step, Call)]


def begun(results, timeout=30.0):
    return driven(begin(POST, lambda response: BegunImport("7"), now=0.0, timeout=timeout, service="gmail"), results)


def test_an_import_is_begun_by_one_request():
    result, asked = begun([Response(200)])
    assert (result, asked) == (BegunImport("7"), [Call(POST, 30.0)])


def test_a_request_that_never_left_is_repeated_after_a_pause():
    result, asked = begun([REFUSED, UNKNOWN_HOST, Response(200)])
    assert result == BegunImport("7")
    pauses = [step.seconds for step in asked if isinstance(step, Pause)]
    assert len(pauses) == 2
    assert 1 <= pauses[0] <= pauses[1]
    assert calls(asked)[-1].timeout < 30 - sum(pauses)


def test_it_gives_up_after_three_attempts():
    error, asked = begun([REFUSED] * 3)
    assert len(calls(asked)) == 3
    assert (error.reason, error.status) == ("unavailable", None)
    assert str(error) == (
        "no connection to the service (refused: connection refused), so the import has not begun; try again later"
    )


def test_it_does_not_wait_longer_than_its_timeout():
    error, asked = begun([REFUSED] * 3, timeout=1.0)
    assert (error.reason, len(calls(asked))) == ("unavailable", 1)


def test_a_failure_that_will_stay_is_not_repeated():
    assert len(begun([TransportError("dns", "not a host", permanent=True)])[1]) == 1


@pytest.mark.parametrize("kind", ["reset", "timeout", "tls", "protocol", "too-large", "exhausted", "stale"])
def test_a_request_that_may_have_reached_the_service_is_never_repeated(kind):
    error, asked = begun([TransportError(kind, "x")])
    assert len(asked) == 1
    assert "the import may have begun" in str(error)
    assert isinstance(error.__cause__, TransportError)


def page(start, count, total, **members):
    contacts = [{"first_name": str(number)} for number in range(start, start + count)]
    return Response(
        200, {}, json.dumps({"contacts": contacts, "start": start, "count": count, "total": total, **members}).encode()
    )


def request(start):
    return Request("GET", f"https://api.example/contacts/7.json?start={start}")


def downloaded(results, *, restarts=1, timeout=60.0, takes=0.1):
    download = ContactsDownload("7", request, timeout=timeout, restarts=restarts)
    return driven(download.whole(now=0.0), results, takes=takes)


def names(contacts):
    return [int(contact.first_name) for contact in contacts]


def starts(asked):
    return [int(call.request.url.rpartition("=")[2]) for call in calls(asked)]


def test_pages_are_fetched_until_all_contacts_are_there():
    result, asked = downloaded([page(0, 2, 5), page(2, 2, 5), page(4, 1, 5)])
    assert isinstance(result, Contacts)
    assert names(result) == [0, 1, 2, 3, 4]
    assert starts(asked) == [0, 2, 4]


def test_a_first_page_with_all_contacts_is_everything():
    result, asked = downloaded([page(0, 2340, 2340, contacts_owner={"first_name": "Con"})])
    assert len(result) == 2340
    assert result.owner.first_name == "Con"
    assert len(asked) == 1


def test_an_empty_address_book_is_one_request():
    result, asked = downloaded([page(0, 0, 0)])
    assert (len(result), len(asked)) == (0, 1)


@pytest.mark.parametrize(
    "failure",
    [
        Response(503),
        Response(429, {"retry-after": "5"}),
        Response(404),
        Response(200, {}, b"<html>"),
        TransportError("reset", "connection reset"),
        TransportError("stale", "closed"),
    ],
)
def test_a_transient_failure_is_repeated_and_loses_nothing(failure):
    result, asked = downloaded([page(0, 2, 4), failure, page(2, 2, 4)])
    assert names(result) == [0, 1, 2, 3]
    assert starts(asked) == [0, 2, 2]
    [pause] = [step.seconds for step in asked if isinstance(step, Pause)]
    assert pause >= (5 if "retry-after" in getattr(failure, "headers", {}) else 1)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (Response(410), "gone"),
        (Response(401), "credentials"),
        (Response(400), "request"),
        (TransportError("tls", "certificate verify failed", permanent=True), "unavailable"),
    ],
)
def test_a_failure_that_will_stay_ends_the_download_with_what_was_fetched(failure, reason):
    error, asked = downloaded([page(0, 2, 4), failure])
    assert (error.reason, names(error.contacts), len(asked)) == (reason, [0, 1], 2)
    assert "first_name" not in repr(error)


def test_contacts_that_are_not_there_are_asked_for_again_for_ten_seconds():
    error, asked = downloaded([Response(404)] * 20)
    assert error.reason == "not-ready"
    assert 8 <= len(calls(asked)) <= 10
    late, _ = downloaded([Response(404)] * 5 + [page(0, 1, 1)])
    assert names(late) == [0]


def test_a_page_is_asked_for_until_its_timeout():
    error, asked = downloaded([TransportError("timeout", "no response")] * 99, timeout=60, takes=10)
    assert error.reason == "unavailable"
    assert "no response with the contacts of import 7: timeout: no response" in str(error)
    assert all(0 < call.timeout <= 60 for call in calls(asked))
    assert sum(step.seconds for step in asked if isinstance(step, Pause)) + 10 * len(calls(asked)) <= 70


def test_the_timeout_is_for_each_page():
    result, _ = downloaded([page(0, 1, 3), page(1, 1, 3), page(2, 1, 3)], timeout=1, takes=0.9)
    assert len(result) == 3


def test_an_invalid_page_is_asked_for_three_times():
    error, asked = downloaded([page(0, 2, 4), *[page(0, 2, 4)] * 9])
    assert isinstance(error, RemoteProtocolError)
    assert starts(asked) == [0, 2, 2, 2]
    assert names(error.contacts) == [0, 1]


def test_a_page_without_contacts_before_the_end_is_an_error():
    error, _ = downloaded([page(0, 2, 4), page(2, 0, 4)])
    assert str(error) == "import 7 has 4 contacts, but the page after 2 is empty"
    assert names(error.contacts) == [0, 1]


def test_a_total_that_changes_begins_the_download_anew_once():
    result, asked = downloaded([page(0, 2, 4), page(2, 2, 5), page(0, 3, 5), page(3, 2, 5)])
    assert names(result) == [0, 1, 2, 3, 4]
    assert starts(asked) == [0, 2, 0, 3]
    error, _ = downloaded([page(0, 2, 4), page(2, 2, 5), page(0, 2, 5), page(2, 2, 6)])
    assert "changed from 5 to 6 during the download" in str(error)
    assert names(error.contacts) == [0, 1]


def test_an_address_book_that_shrinks_below_the_next_page_begins_anew_too():
    result, asked = downloaded([page(0, 2, 4), page(2, 0, 1), page(0, 1, 1)])
    assert names(result) == [0]
    assert starts(asked) == [0, 2, 0]


def test_a_stream_does_not_begin_anew():
    error, _ = downloaded([page(0, 2, 4), page(2, 2, 5)], restarts=0)
    assert "changed from 4 to 5" in str(error)

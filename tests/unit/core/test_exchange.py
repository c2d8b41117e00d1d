import copy
import pickle

import pytest

from spongewatch.errors import LocalProtocolError
from spongewatch.exchange import Request, Response


@pytest.mark.parametrize(
    "value",
    [
        Request("GET", "https://api.example/?domain_password=secret", {"authorization": "secret"}),
        Response(200, {"set-cookie": "secret"}, b"secret"),
    ],
)
def test_urls_headers_and_bodies_are_not_shown(value):
    assert "secret" not in repr(value)


def test_headers_can_not_be_changed_from_outside():
    given = {"a": "1"}
    request, response = Request("GET", "/", given), Response(200, given)
    given["a"] = "2"
    assert request.headers == response.headers == {"a": "1"}
    with pytest.raises(TypeError):
        request.headers["a"] = "2"


def test_headers_and_body_may_be_left_out():
    assert (dict(Response(204).headers), Response(204).body) == ({}, b"")
    assert dict(Request("GET", "/").headers) == {}


STATUS = "the status of an answer is a number from 0 to 999, not "
TEXTS = "the headers of an answer are texts, and so are their names"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("200",), f'{STATUS}"200"'),
        ((200.0,), f"{STATUS}200.0"),
        ((None,), f"{STATUS}null"),
        ((True,), f"{STATUS}true"),
        ((-1,), f"{STATUS}-1"),
        ((1000,), f"{STATUS}1000"),
        ((200, {}, "text"), "the body of an answer is bytes, not str"),
        ((200, {}, None), "the body of an answer is bytes, not NoneType"),
        ((200, {}, bytearray()), "the body of an answer is bytes, not bytearray"),
        ((200, None), "the headers of an answer are a mapping, not NoneType"),
        ((200, [("a", "b")]), "the headers of an answer are a mapping, not list"),
        ((200, {"retry-after": 5}), TEXTS),
        ((200, {"a": "b", "content-type": b"text/xml"}), TEXTS),
        ((200, {b"date": "today"}), TEXTS),
    ],
)
def test_an_answer_is_a_number_texts_and_bytes(arguments, problem):
    with pytest.raises(LocalProtocolError) as caught:
        Response(*arguments)
    assert str(caught.value) == problem


@pytest.mark.parametrize("status", [0, 99, 100, 999])
def test_a_status_may_be_any_three_digits(status):
    assert Response(status).status == status


def test_an_answer_is_pickled_and_copied():
    given = Response(200, {"date": "today"}, b"{}")
    for again in (pickle.loads(pickle.dumps(given)), copy.copy(given), copy.deepcopy(given)):
        assert again == given
        with pytest.raises(TypeError):
            again.headers["date"] = "tomorrow"


def test_a_request_is_copied_but_not_pickled_for_it_holds_the_password():
    request = Request("GET", "https://api.example/events/1126.json", {"authorization": "Basic a2V5OnNlY3JldA=="})
    assert copy.copy(request) == copy.deepcopy([request])[0] == request
    with pytest.raises(LocalProtocolError, match=r"^no request is pickled, .* keep what session.save\(\) gives$"):
        pickle.dumps(request)

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


@pytest.mark.parametrize(
    "arguments", [("200",), (200.0,), (None,), (200, {}, "text"), (200, {}, None), (200, {}, bytearray())]
)
def test_an_answer_is_a_number_and_bytes(arguments):
    with pytest.raises(LocalProtocolError, match="^the status of an answer is a number, and its body is bytes$"):
        Response(*arguments)


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

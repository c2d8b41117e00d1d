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


@pytest.mark.parametrize(
    "arguments", [("200",), (200.0,), (None,), (200, {}, "text"), (200, {}, None), (200, {}, bytearray())]
)
def test_an_answer_is_a_number_and_bytes(arguments):
    with pytest.raises(LocalProtocolError, match="the status of an answer is a number, and its body is bytes"):
        Response(*arguments)

import copy
import pickle
import traceback

import pytest

from spongewatch.core.errors import InvalidArgument, InvalidType, LocalProtocolError
from spongewatch.core.exchange import MAX_BODY, Request, Response


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
    ("arguments", "problem"),
    [
        (("200",), "status must be an int, not str"),
        ((200.0,), "status must be an int, not float"),
        ((None,), "status must be an int, not None"),
        ((True,), "status must be an int, not bool"),
        ((200, {}, "text"), "body must be bytes, not str"),
        ((200, {}, None), "body must be bytes, not None"),
        ((200, {}, bytearray()), "body must be bytes, not bytearray"),
        ((200, None), "headers must be a mapping, not None"),
        ((200, [("a", "b")]), "headers must be a mapping, not list"),
        ((200, {"retry-after": 5}), "headers must map str to str"),
        ((200, {"a": "b", "content-type": b"text/xml"}), "headers must map str to str"),
        ((200, {b"date": "today"}), "headers must map str to str"),
    ],
)
def test_a_response_checks_its_arguments(arguments, problem):
    with pytest.raises(InvalidType) as caught:
        Response(*arguments)
    assert str(caught.value) == problem


@pytest.mark.parametrize("status", [-1, 1000])
def test_a_status_out_of_range_is_refused(status):
    with pytest.raises(InvalidArgument, match=f"^status must be from 0 to 999, not {status}$"):
        Response(status)


@pytest.mark.parametrize("status", [0, 99, 100, 999])
def test_a_status_may_be_from_0_to_999(status):
    assert Response(status).status == status


def test_a_response_can_be_pickled_and_copied():
    given = Response(200, {"date": "today"}, b"{}")
    for again in (pickle.loads(pickle.dumps(given)), copy.copy(given), copy.deepcopy(given)):
        assert again == given
        with pytest.raises(TypeError):
            again.headers["date"] = "tomorrow"


def test_a_request_can_be_copied_but_not_pickled():
    request = Request("GET", "https://api.example/events/1126.json", {"authorization": "Basic a2V5OnNlY3JldA=="})
    assert copy.copy(request) == copy.deepcopy([request])[0] == request
    with pytest.raises(
        LocalProtocolError, match="^a Request can't be pickled, since it holds the password; save the session instead$"
    ):
        pickle.dumps(request)


def test_the_defaults_of_a_request():
    assert (Request("GET", "/").body, Request("GET", "/").max_body) == (b"", MAX_BODY)
    begin = Request("POST", "/", body=b"service=gmail&password=secret", max_body=0)
    assert (begin.body, begin.max_body) == (b"service=gmail&password=secret", 0)
    assert "secret" not in repr(begin)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((None, "/"), "method must be a str, not None"),
        (("GET", b"/"), "url must be a str, not bytes"),
        (("GET", "/", 5), "headers must be a mapping, not int"),
        (("GET", "/", [("a", "b")]), "headers must be a mapping, not list"),
        (("GET", "/", {"a": 1}), "headers must map str to str"),
        (("GET", "/", {b"a": "b"}), "headers must map str to str"),
        (("GET", "/", {}, "text"), "body must be bytes, not str"),
        (("GET", "/", {}, b"", None), "max_body must be an int, not None"),
        (("GET", "/", {}, b"", True), "max_body must be an int, not bool"),
    ],
)
def test_an_argument_of_the_wrong_type_is_named(arguments, problem):
    with pytest.raises(InvalidType) as caught:
        Request(*arguments)
    assert str(caught.value) == problem


def test_a_negative_max_body_is_refused():
    with pytest.raises(InvalidArgument, match="max_body must be at least 0"):
        Request("GET", "/", max_body=-1)


@pytest.mark.reads_locals
@pytest.mark.parametrize(
    "wrong",
    [
        {"method": 5},
        {"url": b"https://a/?p=hunter22"},
        {"headers": 5},
        {"headers": {"a": 5}},
        {"body": "hunter22"},
        {"max_body": -1},
    ],
)
def test_a_refused_request_shows_no_secret_to_an_error_reporter(wrong):
    right = {
        "method": "POST",
        "url": "https://a/?p=hunter22",
        "headers": {"authorization": "hunter22"},
        "body": b"hunter22",
    }
    with pytest.raises((InvalidType, InvalidArgument)) as caught:
        Request(**{**right, **wrong})
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
    assert "hunter22" not in str([frame.locals for frame in frames])


def half_made(kind, **keys):
    value = object.__new__(kind)
    for name, key in keys.items():
        object.__setattr__(value, name, key)
    return value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (half_made(Request), "Request()"),
        (half_made(Request, method=10**5000), "Request()"),
        (half_made(Response), "Response()"),
        (half_made(Response, status=10**5000), "Response()"),
        (half_made(Response, status="hunter22"), "Response()"),
        (Response(7), "Response(status=7)"),
        (Request("GET", "/"), "Request(method='GET')"),
    ],
)
def test_a_repr_never_raises(value, shown):
    assert repr(value) == shown

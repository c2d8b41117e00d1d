import argparse

import pytest

from spongewatch import PUBLIC_SERVICE, Credentials, InvalidArgument, LocalProtocolError, PollPolicy, Send
from spongewatch.adapters.cli import watch_options
from spongewatch.adapters.cli.watch_options import add_options, session

LOGIN = Credentials("key", "password")


def options(*words):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


def test_the_defaults_are_those_of_a_session():
    assert session(options("1126"), LOGIN, 5.0).policy == PollPolicy()
    assert request("1126") == request("1126", "--format", "json", "--auth", "basic")
    assert request("1126").url == f"{PUBLIC_SERVICE}/events/1126.json"


def test_each_option_is_passed_to_the_session():
    sent = request("7", "--base-url", "http://a.example/b", "--insecure-http", "--format", "xml", "--echo", "x y")
    assert sent.url == "http://a.example/b/events/7.xml?echo=x%20y"
    assert "domain_password=password" in request("7", "--auth", "query").url
    times = {"interval": 2.0, "request_timeout": 3.0, "consent_timeout": 4.0, "gathering_timeout": 5.0}
    times |= {"lost_contact_timeout": 6.0, "timeout": 7.0}
    words = [word for name, time in times.items() for word in (f"--{name.replace('_', '-')}", str(time))]
    assert session(options("7", *words), LOGIN, 0.0).policy == PollPolicy(**times)
    assert session(options("7", "--consent-timeout", "none"), LOGIN, 0.0).policy.consent_timeout is None


def request(*words):
    action = session(options(*words), LOGIN, 0.0).next_action(now=0.0)
    assert isinstance(action, Send)
    return action.request


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (["key:hunter2"], "IMPORT_ID must be 1 to 64 letters, digits, dashes or underscores, without a leading zero"),
        (["1", "--base-url", "example.com"], "--base-url"),
        (["1", "--base-url", "https://key:hunter2@example.com"], "--base-url"),
        (["1", "--base-url", "https://example.com/?password=hunter2"], "--base-url"),
        (["1", "--base-url", "http://example.com"], "--base-url must use https, "),
        (["1", "--echo", ""], "--echo"),
        (["1", "--interval", "0.5"], "--interval"),
        (["1", "--interval", "120"], "--interval"),
    ],
)
def test_an_error_names_the_option_and_repeats_no_secret(words, start):
    with pytest.raises(InvalidArgument) as caught:
        session(options(*words), None, 0.0)
    assert str(caught.value).startswith(start)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidArgument("base_url must not contain a query"), "--base-url must not contain a query"),
        (LocalProtocolError("no such URL"), "--base-url: no such URL"),
    ],
)
def test_an_option_takes_the_place_of_the_parameter_that_an_error_names(monkeypatch, error, message):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(watch_options, "ImportSession", refuse)
    with pytest.raises(InvalidArgument, match=f"^{message}$"):
        session(options("1126"), None, 0.0)

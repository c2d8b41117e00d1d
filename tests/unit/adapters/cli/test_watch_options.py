import argparse

import pytest

from spongewatch import PUBLIC_SERVICE, Credentials, LocalProtocolError, PollPolicy, Send
from spongewatch.adapters.cli.watch_options import add_options, session

LOGIN = Credentials("key", "password")


def options(*words):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


def test_without_options_the_service_is_asked_as_a_session_asks_it():
    assert session(options("1126"), LOGIN, 5.0).policy == PollPolicy()
    assert asked("1126") == asked("1126", "--format", "json", "--auth", "basic")
    assert asked("1126").url == f"{PUBLIC_SERVICE}/events/1126.json"


def test_each_option_gets_where_it_belongs():
    request = asked("7", "--base-url", "http://a.example/b", "--insecure-http", "--format", "xml", "--echo", "x y")
    assert request.url == "http://a.example/b/events/7.xml?echo=x%20y"
    assert "domain_password=password" in asked("7", "--auth", "query").url
    times = {"interval": 2.0, "request_timeout": 3.0, "consent_timeout": 4.0, "gathering_timeout": 5.0}
    times |= {"lost_contact_timeout": 6.0, "timeout": 7.0}
    words = [word for name, time in times.items() for word in (f"--{name.replace('_', '-')}", str(time))]
    assert session(options("7", *words), LOGIN, 0.0).policy == PollPolicy(**times)
    assert session(options("7", "--consent-timeout", "none"), LOGIN, 0.0).policy.consent_timeout is None


def asked(*words):
    action = session(options(*words), LOGIN, 0.0).next_action(now=0.0)
    assert isinstance(action, Send)
    return action.request


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["key:hunter2"],
            "IMPORT_ID: an import id is 1 to 64 letters, digits, dashes and underscores, without a leading zero",
        ),
        (
            ["1", "--base-url", "example.com"],
            "--base-url: base_url must be an http or https URL, such as https://api.example.com",
        ),
        (
            ["1", "--base-url", "https://key:hunter2@example.com"],
            "--base-url: base_url must not contain credentials; pass them as credentials",
        ),
        (
            ["1", "--base-url", "https://example.com/?password=hunter2"],
            "--base-url: base_url must not contain a query or a fragment",
        ),
        (
            ["1", "--base-url", "http://example.com"],
            "--base-url: base_url must not be plain http, which sends the password unencrypted; "
            "use https, or --insecure-http",
        ),
        (["1", "--echo", ""], "--echo: echo must be text of at least one character, without lone surrogates"),
        (["1", "--interval", "0.5"], "--interval: interval must be at least 1 s at the public service, not 0.5 s"),
        (
            ["1", "--interval", "120"],
            "--interval: interval must be less than lost_contact_timeout in whole milliseconds, not 120 s for 120 s",
        ),
    ],
)
def test_the_option_that_is_at_fault_is_named(words, line):
    with pytest.raises(LocalProtocolError) as caught:
        session(options(*words), None, 0.0)
    assert str(caught.value) == line

"""Checks that errors and logs contain no secrets."""

import logging
import traceback

import pytest

from ....core import Request
from ..hostile_server import HostileServer, sends, unused_url
from .traffic import BASIC, FAILURES, GOOD, HEADERS, PASSWORD, PATIENCE, SHORT, get
from .under_test import Checks, UnderTest


class LeakChecks(Checks):
    """Neither errors nor logs contain what may hold credentials."""

    def test_errors_contain_no_secrets(self, transport: UnderTest) -> None:
        """Neither the error nor its causes contain the path, the query or a header of the request."""
        with unused_url() as url:
            _check_error(transport, "nothing listens", url)
        for when, script in FAILURES.items():
            with HostileServer(script, patience=PATIENCE) as server:
                _check_error(transport, when, server.url)

    def test_credentials_are_not_logged(self, transport: UnderTest, caplog: pytest.LogCaptureFixture) -> None:
        """No logger gets the value of `authorization`, not even at DEBUG, whether the request succeeds or fails."""
        with caplog.at_level(logging.DEBUG):
            for script in (sends(GOOD), *FAILURES.values()):
                with HostileServer(script, patience=PATIENCE) as server:
                    transport.exception(get(server, authorization=BASIC), SHORT / 2)
        for secret in (PASSWORD, BASIC.split()[1]):
            lines = [line for line in caplog.text.splitlines() if secret in line]
            assert lines == [], f"credentials must not be logged, but are in {lines}"


def _check_error(transport: UnderTest, when: str, url: str) -> None:
    path, query = "/api/events/1126.json", f"domain_key=the-key&domain_password={PASSWORD}"
    headers = {**HEADERS, "authorization": BASIC}
    error = transport.exception(Request("GET", f"{url}{path}?{query}", headers), SHORT / 2)
    text = f"{error} {error!r}"
    assert "://" not in text, f"{when}: the error must not contain a URL, but is {text}"
    trace = "".join(traceback.format_exception(error))
    for secret in (path, query, PASSWORD, BASIC.split()[1], HEADERS["x-odd"]):
        assert secret not in text + trace, (
            f"{when}: the error and its traceback must not contain {secret!r}, but are:\n{trace}"
        )

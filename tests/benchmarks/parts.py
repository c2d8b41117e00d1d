"""Measure the parts of the core's work on a whole import, relative to `json.loads` of each response."""

import json

from measuring import seconds, table
from service_responses import COMPLETE, GATHERING, IMPORT_ID, JSON_HEADERS, WAITING, WHOLE_IMPORT

from spongewatch import Credentials, ImportMachine, ImportSession, Request, Response, Send, Wait, decode

CREDENTIALS = Credentials("demo-key", "demo-password")
RESPONSES = [
    Response(200, JSON_HEADERS, bytes(bytearray(body))) for body in WHOLE_IMPORT
]  # equal, but different objects
NEWS = (WAITING, GATHERING, COMPLETE)
PAGES = [decode(body) for body in NEWS]


def parts_of_an_import() -> str:
    """Measure the parts and return a Markdown table."""
    baseline, *parts, whole = seconds(by_hand, calls_and_values, decoding, feeding, in_the_core, number=10, rounds=70)
    rest = whole - sum(parts)
    names = (
        "four empty method calls for each poll, and creating its `Send` and `Wait`",
        "`decode` of the three responses that differ",
        "feeding these to the machine: five transitions",
        "the rest: the session's times, budgets, floor and items",
        "all of the core's work",
    )
    rows = [(name, f"{part / baseline:.2f}") for name, part in zip(names, (*parts, rest, whole), strict=True)]
    return table(("a whole import of 85 polls", "against `json.loads` of each response"), rows)


def by_hand() -> None:
    for body in WHOLE_IMPORT:
        json.loads(body)


def in_the_core() -> None:
    session, now = ImportSession(IMPORT_ID, CREDENTIALS, now=0.0), 0.0
    for response in RESPONSES:
        session.next_action(now=now)
        session.sent(now=now)
        session.receive(response, now=now + 0.15)
        now = getattr(session.next_action(now=now + 0.15), "until", now)


class _Idle:
    """A session whose methods do nothing."""

    def next_action(self, *, now: float) -> None: ...

    def sent(self, *, now: float) -> None: ...

    def receive(self, response: Response, *, now: float) -> None: ...


_IDLE = _Idle()
_REQUEST = Request("GET", "https://api.example.com/events/89708927.json")


def calls_and_values() -> None:
    now = 0.0
    for response in RESPONSES:
        _IDLE.next_action(now=now)
        Send(_REQUEST, now + 10.0)
        _IDLE.sent(now=now)
        _IDLE.receive(response, now=now + 0.15)
        _IDLE.next_action(now=now + 0.15)
        now = getattr(Wait(now + 1.15), "until", now)


def decoding() -> None:
    for body in NEWS:
        decode(body, JSON_HEADERS["content-type"])


def feeding() -> None:
    machine = ImportMachine(IMPORT_ID)
    for page in PAGES:
        machine.feed(page.events, at=0.15)


if __name__ == "__main__":
    print(parts_of_an_import())

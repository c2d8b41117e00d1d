"""Target: recordings of other tools (HAR, cassettes in JSON and YAML): any bytes, or a file built from choices.

Built files have a password in each request, which must not appear in the output.
"""

import json
from base64 import b64encode
from gzip import compress
from random import Random
from urllib.parse import quote

import yaml

from event_rows import json_body, rows
from spongewatch.transports.recordings.foreign.plain_yaml import YamlError, read_yaml

from .choices import Choices
from .oracles import CREDENTIALS, PASSWORD, hold_no_secret, is_printable_line
from .recordings import played

_RESPONSE = json_body(rows("COMPLETE COMPLETED"), import_id=7).decode()
_POLL = "http://a/events/7"
_HAR = {"request": {"method": "GET", "url": _POLL, "headers": [{"name": "Authorization", "value": "Basic azpw"}]},
        "response": {"status": 200, "headers": [{"name": "Date", "value": "Mon, 02 Nov 2026 09:14:07 GMT"}],
                     "content": {"size": 9, "text": _RESPONSE}},
        "startedDateTime": "2026-11-02T09:14:07.250Z", "time": 12.5}  # fmt: skip
_YAML = f"""http_interactions:
- request: &poll
    method: get
    uri: {_POLL}.json?domain_password=p%2B
    headers: {{Authorization: [Basic azpw]}}
  response:
    status: {{code: 200}}
    headers: {{Content-Type: [application/json]}}
    body: {{encoding: UTF-8, string: '{_RESPONSE}'}}
  recorded_at: Mon, 02 Nov 2026 09:14:07 GMT
- request: *poll
  response: {{status: {{code: '503'}}, body: {{string: !!binary "/w=="}}}}
""".encode()
_KINDS = ("har", "interactions", "http_interactions", "yaml", "list")
_VALUES = (
    None, True, 0, -1, 200, 503, 200.0, 10**400, 1e300, float("nan"), "", "200", "GET", ":get", _POLL, "http://[/", "\ud800",
    "2026-11-02T09:14:07Z", "0001-01-01T00:00:00+23:59", "Mon, 02 Nov 2026 09:14:07 GMT", "base64", "x" * 300, [], {},
    [[]], {"string": "{}"}, {"code": 200}, {"text": "{}"}, [{"name": "date", "value": "now"}], {"date": ["now"]},
)  # fmt: skip

_SHORT = 200
"""Bytes; PyYAML's own parser is slow."""

SEEDS = (
    json.dumps({"log": {"entries": [_HAR]}}).encode(),
    json.dumps({"log": {"entries": [{**_HAR, "response": {"status": 0, "_error": "net::ERR_CERT_DATE_INVALID"}}]}}).encode(),
    json.dumps({"interactions": [{"request": {"method": "GET", "uri": _POLL}, "response": {"status_code": 200, "content": "{}"}}]}).encode(),
    _YAML,
    b"interactions: &a\n- [*a, ? {}: ~]\n",
    b"interactions:\n- &a [x, x]\n- &b [*a, *a]\n- [*b, *b]\n",
    b"--- !ruby/object:X\nhttp_interactions: []\n",
    b"version: 1\ninteractions:\n- request: {method: GET, uri: /events/8.json}\n  response: {body: {string: !!binary H4sI}}\n",
    json_body(rows("COMPLETE COMPLETED"), import_id=7),
    *(b"\x00" + bytes([kind]) + Random(kind).randbytes(60) for kind in range(4)),
    *(b"\x00" + bytes([kind]) + bytes(40) for kind in range(4)),
)  # fmt: skip


def one_input(data: bytes) -> None:
    if data.startswith(b"\x00"):
        converted = played(_made(Choices(data[1:])))
        hold_no_secret(converted)
        assert converted is None or json.dumps(PASSWORD)[1:-1] not in converted
    else:
        played(data)
        played(b"interactions:\n" + data)
        _is_read_without_libyaml(data[:_SHORT])


def _is_read_without_libyaml(data: bytes) -> None:
    """Read with PyYAML's own parser, which is used without libyaml and behaves differently."""
    fast = yaml.__dict__.pop("CSafeLoader", None)
    try:
        read_yaml(data)
    except YamlError as error:
        is_printable_line(error)
    finally:
        if fast:
            yaml.CSafeLoader = fast


def _made(choices: Choices) -> bytes:
    kind = choices.pick(_KINDS)
    polls: list[object] = []
    while (choices.more() and len(polls) < 6) or not polls:
        polls.append(_poll(choices, "url" if kind == "har" else "uri"))
    if kind == "har":
        return json.dumps({"log": {"entries": polls}}).encode()
    if kind == "list":
        return json.dumps(polls).encode()
    if kind == "yaml":
        return b"interactions: " + json.dumps(polls).encode()
    return json.dumps({kind: polls}).encode()


def _poll(choices: Choices, url: str) -> dict[str, object]:
    """Build a poll in which any part but the request may be odd or missing."""

    def perhaps(usual: object) -> object:
        kind = choices.number()
        return usual if kind < 180 else choices.pick(_VALUES) if kind < 230 else choices.text()

    texts = (
        _RESPONSE,
        json.dumps({"error": {"message": f"no {PASSWORD}"}}),
        f"<error>{quote(PASSWORD)}</error>",
        PASSWORD,
        f"cb({_RESPONSE});",
    )
    text: object = choices.pick(texts)
    encoding = "utf-8"
    kind = choices.number()
    if 64 < kind < 128:
        text, encoding = b64encode(compress(str(text).encode(), mtime=0)).decode(), "base64"
    elif kind >= 200:
        text, encoding = b64encode(b"\x1f\x8b\x08" + choices.bytes(kind - 200)).decode(), "base64"
    key = "base64_string" if encoding == "base64" else "string"
    content = {"text": perhaps(text), key: perhaps(text), "encoding": perhaps(encoding), "size": perhaps(9)}
    headers: object = {"date": ["Mon, 02 Nov 2026 09:14:07 GMT"], "retry-after": [perhaps("3")]}
    if url == "url":
        headers = [{"name": "Retry-After", "value": perhaps("3")}, perhaps({"name": "x"})]
    basic = CREDENTIALS.basic()
    sent = choices.pick((
        {"Authorization": [basic]}, {"authorization": basic}, [{"name": "authorization", "value": basic}],
        ["Authorization", basic], [f"Authorization: {basic}"], [["Authorization", [basic]]], f"Authorization: {basic}",
    ))  # fmt: skip
    asked = f"http://a/events/7?domain_key=key&domain_password={quote(PASSWORD)}"
    status = choices.pick((200, 503, 401, 0, 404))
    return {
        "request": {"method": perhaps("GET"), url: perhaps(asked), "headers": sent},
        "response": perhaps(
            {
                "status": perhaps(status if url == "url" else {"code": status}),
                "headers": perhaps(headers),
                "content": perhaps(content),
                "body": perhaps(content),
            }
        ),
        "startedDateTime": perhaps("2026-11-02T09:14:07Z"),
        "time": perhaps(1.5),
        "recorded_at": perhaps("Mon, 02 Nov 2026 09:14:07 GMT"),
    }

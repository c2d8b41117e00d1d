"""Target: any bytes as a trace, replayed and converted."""

import json

from event_rows import json_body, rows

from .choices import Choices
from .recordings import played


def _trace(*lines: dict[str, object], **header: object) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in ({"spongewatch-trace": 1, **header}, *lines)).encode()


_GOOD = {
    "t": 0.0,
    "took": 0.2,
    "status": 200,
    "body": json_body(rows("GATHERING INPROGRESS 5"), import_id=1126).decode(),
}
_OVER = {"t": 1.2, "took": 0.1, "status": 200, "headers": {"Content-Type": "application/json"},
         "body": json_body(rows("COMPLETE COMPLETED"), import_id=1126).decode()}  # fmt: skip

_VALUES = (
    None, True, 0, -1, -0.001, 0.0005, 1.0015, 1e9, 1e9 + 1, 1e300, float("nan"), 10**400, "", "1", "x" * 300, "\ud800", [], {},
    99, 999, 1000, 200.0, "\u202e", "timeout", "rejected", "credentials", "/w==", {"Date": 5}, {"Retry-After": "3" * 9000},
)  # fmt: skip
_LINES: tuple[dict[str, object], ...] = (
    _GOOD,
    _OVER,
    {"t": 1.2, "took": 10, "error": "timeout", "detail": "no response", "permanent": False},
    {"t": 0, "took": 1, "status": 503, "headers": {"retry-after": "5", "date": "x"}, "body64": "/w=="},
    {"t": 2, "end": "timed-out", "reason": "total", "detail": None},
    {"t": 2, "end": "rejected", "reason": "credentials", "detail": "status 401"},
)

SEEDS = (
    *(bytes([0, 2, number, 0, 0, 0, 1, 0, 0, number, number]) for number in range(0, len(_VALUES), 3)),
    _trace(_GOOD, _OVER, import_id="1126", format="json", started="2026-11-02T09:14:07Z"),
    _trace(_GOOD, {"t": 1.2, "took": 10, "error": "timeout", "detail": "no response", "permanent": False}),
    _trace({"t": 0, "took": 0, "error": "tls", "permanent": True}),
    _trace({"t": 0, "took": 1, "status": 503, "headers": {"retry-after": "5", "date": "x"}, "body64": "/w=="}),
    _trace(_GOOD, {"t": 3, "end": "timed-out", "reason": "gathering"}, policy={"interval": 0.05, "timeout": 2}),
    _trace({"t": 3, "end": "rejected", "reason": "credentials", "detail": "status 401\u202e"}),
    _trace(*({"t": 2, "end": word} for word in ("cancelled", "completed"))),
    _trace({"t": 2, "end": "failed"}),
    _trace({"t": 2, "end": "lost-contact", "detail": "x" * 300}),
    _trace(_GOOD)[:-20],
    b'{"spongewatch-trace": 2}\n',
    b'{"spongewatch-trace": 1, "import_id": 0, "policy": []}\n',
    b'\xef\xbb\xbf{"spongewatch-trace": 1.0}\r\n\r\n{"t": 1e400, "took": -0.0}',
)


def one_input(data: bytes) -> None:
    if data.startswith(b"\x00"):
        data = _made(Choices(data[1:]))
    played(data)
    if not data.startswith(b'{"spongewatch-trace"'):
        played(b'{"spongewatch-trace": 1}\n' + data)


def _made(choices: Choices) -> bytes:
    """Build complete lines, with some values changed or missing."""
    header: dict[str, object] = {"policy": {"interval": 0.05, "lost_contact_timeout": 20}, "import_id": "1126"}
    if choices.number() % 4 == 0:
        header[choices.pick(("policy", "import_id", "format", "started"))] = choices.pick(_VALUES)
    lines: list[dict[str, object]] = []
    while choices.more() and len(lines) < 8:
        line = dict(choices.pick(_LINES))
        line["t"] = len(lines) * 0.75
        for _ in range(choices.number() % 3):
            line[choices.pick((*line, "end", "error", "body64"))] = choices.pick(_VALUES)
        lines.append(line)
    return _trace(*lines, **header)

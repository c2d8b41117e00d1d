import json
from pathlib import Path

import pytest

from spongewatch import PollPolicy, Response, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import RecordingError, open_recording, replay
from spongewatch.transports.recordings.recording import End
from spongewatch.transports.recordings.trace import MAX_LINE
from spongewatch.transports.recordings.trace_lines import TraceLines, end_line, exchange_line, header_line

ROOT = Path(__file__).parents[4]
TRACES = sorted((ROOT / "docs/traces").glob("*.jsonl"))
FOREIGN = [ROOT / "tests/data" / name for name in ("chromium.har", "vcrpy.yaml", "vcrpy.json", "ruby-vcr.yml")]


def items(path):
    return [item.to_json() for item in replay(path)]


@pytest.mark.parametrize("path", [*TRACES, *FOREIGN], ids=lambda path: path.name)
def test_a_converted_recording_replays_to_the_same_items(tmp_path, path):
    file = tmp_path / "trace"
    file.write_text("".join(TraceLines(open_recording(path))))
    assert items(file) == items(path)
    assert list(TraceLines(open_recording(file))) == file.read_text().splitlines(keepends=True)


def test_a_trace_made_of_bodies_names_no_import_by_default(tmp_path):
    (tmp_path / "1.json").write_text('{"events": [], "import_id": 7}')
    (tmp_path / "2.json").write_bytes(b"\xff\x00")
    header, first, second = map(json.loads, TraceLines(open_recording(tmp_path)))
    assert header == {"spongewatch-trace": 1, "policy": PollPolicy.from_json({}).to_json()}
    assert first == {"t": 0.0, "took": 0.0, "status": 200, "headers": {}, "body": '{"events": [], "import_id": 7}'}
    assert second == {"t": 1.0, "took": 0.0, "status": 200, "headers": {}, "body64": "/wA="}
    assert json.loads(next(TraceLines(open_recording(tmp_path, "7"))))["import_id"] == "7"


def test_a_truncated_last_line_is_left_out(tmp_path):
    file = tmp_path / "trace"
    file.write_text('{"spongewatch-trace": 1}\n{"t": 0, "took": 0, "status": 503}\n{"t": 1')
    lines = TraceLines(open_recording(file))
    assert lines.truncated_line is None
    assert len(list(lines)) == 2
    assert lines.truncated_line == 3


def test_lines_before_an_invalid_one_are_returned(tmp_path):
    file = tmp_path / "trace"
    file.write_text('{"spongewatch-trace": 1}\n{"t": 0, "took": 0, "status": 503}\n[]\n')
    lines = TraceLines(open_recording(file))
    assert json.loads([next(lines), next(lines)][1])["status"] == 503
    with pytest.raises(RecordingError, match="line 3: not a JSON object"):
        next(lines)


def test_a_header_has_only_known_values():
    assert header_line("7", PollPolicy(), format="xml", started="2026").startswith(
        '{"spongewatch-trace": 1, "import_id": "7", "format": "xml", "started": "2026", "policy": {"interval": 1.0, '
    )
    assert json.loads(header_line("7", PollPolicy(), resumed={"now": 0}))["resumed"] == {"now": 0}
    assert header_line(None, PollPolicy()).startswith('{"spongewatch-trace": 1, "policy": ')


def test_an_exchange_has_three_headers_at_most():
    response = Response(503, {"date": "now", "set-cookie": "a=b", "retry-after": "7", "content-type": "text/html"})
    assert json.loads(exchange_line(1.5, 0.2500001, response)) == {
        "t": 1.5,
        "took": 0.25,
        "status": 503,
        "headers": {"content-type": "text/html", "date": "now", "retry-after": "7"},
        "body": "",
    }


@pytest.mark.parametrize("character", ["\x01", "\x80", "\uffff", "\U0001f600"])
@pytest.mark.parametrize("status", [200, 503])
def test_the_line_of_a_very_large_response_can_be_read(tmp_path, character, status):
    large = (character * (3 * MAX_BODY)).encode()[: 6 * MAX_BODY]
    headers = dict.fromkeys(("content-type", "date", "retry-after"), character * MAX_BODY)
    line = exchange_line(0.0, 0.0, Response(status, headers, large))
    assert len(line) < MAX_LINE
    file = tmp_path / "trace"
    file.write_text('{"spongewatch-trace": 1}\n' + line)
    problem = "the response has more than 1,048,576 bytes" if status == 200 else "status 503"
    assert items(file)[0]["reason"] == problem


@pytest.mark.parametrize("permanent", [{}, {"permanent": True}])
def test_an_error_is_written(permanent):
    line = json.loads(exchange_line(0.0, 1.0, TransportError("tls", "not trusted", **permanent)))
    assert line == {"t": 0.0, "took": 1.0, "error": "tls", "detail": "not trusted", **permanent}


def test_the_end_has_only_known_values():
    assert end_line(End(9.5, "completed", None, "")) == '{"t": 9.5, "end": "completed"}\n'
    line = end_line(End(9.5, "rejected", "request", "why"))
    assert line == '{"t": 9.5, "end": "rejected", "reason": "request", "detail": "why"}\n'

"""Any HAR or cassette is a recording or raises `RecordingError`, and its conversion replays the same."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spongewatch import Ended
from spongewatch.core.errors import TRANSPORT_ERROR_KINDS
from spongewatch.transports import RecordingError, open_recording, replay
from spongewatch.transports.recordings.trace_lines import TraceLines

DATA = Path(__file__).parents[1] / "data"
FILES = [DATA / name for name in ("chromium.har", "vcrpy.json", "vcrpy.yaml", "ruby-vcr.yml")]
FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
)


def played(path: Path, content: bytes) -> None:
    """Replay the file and its conversion to the end, or see it refused."""
    path.write_bytes(content)
    try:
        emitted = list(replay(path))
    except RecordingError as error:
        assert str(error).isprintable()
    else:
        assert isinstance(emitted[-1], Ended)
        converted = path.with_name("converted")
        converted.write_text("".join(TraceLines(open_recording(path))))
        assert json.dumps([item.to_json() for item in replay(converted)]) == json.dumps(
            [item.to_json() for item in emitted]
        )


@FUZZ
@given(st.sampled_from(FILES), st.data())
def test_a_file_with_changed_bytes(tmp_path, file, data):
    content = bytearray(file.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    played(tmp_path / "x", bytes(content))


details = st.none() | st.text(max_size=8).flatmap(lambda text: st.integers(0, 250).map(text.__mul__))
seconds = st.integers(0, 10_000).map(lambda half: half / 2000) | st.sampled_from([1e9, 0.0005, 1.0015])
reads = st.fixed_dictionaries({"t": seconds, "took": seconds})
headers = st.dictionaries(
    st.sampled_from(["Date", "retry-after", "Content-Type", "x"]), st.text(max_size=4) | st.just("7")
)
bodies = st.sampled_from(
    [{"body": '{"events": []}'}, {"body": '{"error": {"message": "\x1b\u202e"}}'}, {"body64": "/wA="}, {}]
)
answered = st.builds(
    lambda status, headers, body: {"status": status, "headers": headers, **body},
    st.sampled_from([200, 404, 503]), headers, bodies,
)  # fmt: skip
failed = st.fixed_dictionaries(
    {"error": st.sampled_from(TRANSPORT_ERROR_KINDS), "detail": details, "permanent": st.booleans()}
)
exchanges = st.builds(lambda read, emitted: read | emitted, reads, answered | failed)
outcomes = [
    ("completed", None), ("failed", None), ("abandoned", None), ("timed-out", "total"), ("lost-contact", None),
    ("rejected", "credentials"), ("cancelled", None),
]  # fmt: skip
ends = st.builds(
    lambda at, outcome, detail: {"t": at, "end": outcome[0], "reason": outcome[1], "detail": detail},
    seconds, st.sampled_from(outcomes), details,
)  # fmt: skip


@FUZZ
@given(st.lists(exchanges, max_size=5), st.lists(ends, max_size=1))
def test_a_converted_trace_replays_to_the_same_items(tmp_path, exchanges, end):
    lines = [{"spongewatch-trace": 1}, *exchanges, *end]
    played(tmp_path / "x", "".join(f"{json.dumps(line)}\n" for line in lines).encode())

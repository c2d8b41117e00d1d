"""Whatever lies in a file: a watch that ends with `Ended`, or a `RecordingError`, and nothing else."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answers import growing_answers, json_body
from spongewatch import Ended, Transition
from spongewatch.transports import RecordingError, replay

ROOT = Path(__file__).parents[2]
TRACES = sorted((ROOT / "docs/traces").glob("*.jsonl"))
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def played(path: Path) -> list[dict[str, object]] | None:
    """What a replay tells, as objects; None where the file is no recording."""
    try:
        told = list(replay(path))
    except RecordingError as error:
        assert str(error).isprintable()
        return None
    assert [isinstance(item, Ended) for item in told] == [False] * (len(told) - 1) + [True]
    return [item.to_json() for item in told]


@FUZZ
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes(tmp_path, content, in_a_trace):
    file = tmp_path / "x"
    file.write_bytes((b'{"spongewatch-trace": 1}\n' if in_a_trace else b"") + content)
    played(file)


@FUZZ
@given(st.sampled_from(TRACES), st.data())
def test_a_trace_with_bytes_changed(tmp_path, trace, data):
    content = bytearray(trace.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    file = tmp_path / "x"
    file.write_bytes(content)
    played(file)


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.stem)
def test_every_prefix_of_a_trace_is_told_up_to_its_last_whole_line(tmp_path, trace):
    content, file, told_by_whole_lines = trace.read_bytes(), tmp_path / "x", None
    for length in range(len(content)):
        file.write_bytes(content[:length])
        told = played(file)
        steps = told and [item for item in told if item["kind"] != "ended"]
        if content[length : length + 1] == b"\n" or content[length - 1 : length] == b"\n":
            told_by_whole_lines = steps  # a last line that only lacks its end counts as whole
        assert steps == told_by_whole_lines
    assert told_by_whole_lines
    assert played(trace)[:-1] == told_by_whole_lines


@FUZZ
@given(growing_answers())
def test_a_folder_and_a_trace_of_the_same_bodies_tell_the_same_steps(tmp_path_factory, answers):
    folder = tmp_path_factory.mktemp("bodies")
    trace = folder / "trace.jsonl"
    lines: list[object] = [{"spongewatch-trace": 1}]
    for number, rows in enumerate(answers):
        body = json_body(rows, import_id=1126)
        (folder / f"{number}.json").write_bytes(body)
        lines.append({"t": number, "took": 0, "status": 200, "body": body.decode()})
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [item.to_json() for item in replay(folder)] == [item.to_json() for item in replay(trace)]
    assert all(item.import_id == "1126" for item in replay(folder) if isinstance(item, Transition))

"""Any file replays to a watch that ends with `Ended`, or raises `RecordingError`."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from event_rows import growing_rows, json_body
from spongewatch import Ended, Transition
from spongewatch.transports import RecordingError, replay

ROOT = Path(__file__).parents[2]
TRACES = sorted((ROOT / "docs/traces").glob("*.jsonl"))
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def played(path: Path) -> list[dict[str, object]] | None:
    """Return the items of the replay as JSON objects; None if the file isn't a recording."""
    try:
        emitted = list(replay(path))
    except RecordingError as error:
        assert str(error).isprintable()
        return None
    assert [isinstance(item, Ended) for item in emitted] == [False] * (len(emitted) - 1) + [True]
    return [item.to_json() for item in emitted]


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.stem)
def test_every_prefix_of_a_trace_replays_up_to_its_last_complete_line(tmp_path, trace):
    content, file, emitted_by_complete_lines = trace.read_bytes(), tmp_path / "x", None
    for length in range(len(content)):
        file.write_bytes(content[:length])
        emitted = played(file)
        steps = emitted and [item for item in emitted if item["kind"] != "ended"]
        if content[length : length + 1] == b"\n" or content[length - 1 : length] == b"\n":
            emitted_by_complete_lines = steps  # a last line that lacks only its newline counts as complete
        assert steps == emitted_by_complete_lines
    assert emitted_by_complete_lines
    assert played(trace)[:-1] == emitted_by_complete_lines


@FUZZ
@given(growing_rows())
def test_a_folder_and_a_trace_with_the_same_bodies_replay_the_same(tmp_path_factory, snapshots):
    folder = tmp_path_factory.mktemp("bodies")
    trace = folder / "trace.jsonl"
    lines: list[object] = [{"spongewatch-trace": 1}]
    for number, rows in enumerate(snapshots):
        body = json_body(rows, import_id=1126)
        (folder / f"{number}.json").write_bytes(body)
        lines.append({"t": number, "took": 0, "status": 200, "body": body.decode()})
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [item.to_json() for item in replay(folder)] == [item.to_json() for item in replay(trace)]
    assert all(item.import_id == "1126" for item in replay(folder) if isinstance(item, Transition))

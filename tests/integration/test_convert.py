"""`spongewatch convert` as a process, with hostile and large files."""

import json
import subprocess
import sys
from base64 import b64encode
from gzip import compress
from pathlib import Path

import pytest

from spongewatch.core.exchange import MAX_BODY

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "spongewatch")
MEMORY = 400
"""MiB of address space for a process."""

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)
)
MERGING = "a0: &a0 {x: y}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60))
ALIASES = f"""interactions:
- request:
    method: GET
    uri: http://a/events/7
    headers: {{x: &b [{"q," * 20_000}], {",".join(f"k{n}: *b" for n in range(20_000))}}}
"""


def har(url, text):
    """Return a HAR of 500 polls with `text`, a base64 string, as body."""
    response = {"status": 200, "content": {"encoding": "base64", "text": text}}
    entry = {"startedDateTime": "2026-11-02T09:14:07Z", "request": {"method": "GET", "url": url}, "response": response}
    return json.dumps({"log": {"entries": [entry] * 500}})


INFLATING = har("http://a/events/7", b64encode(compress(bytes(MAX_BODY + 1))).decode())
LONG_QUERY = har(f"http://a/events/7?{'a&' * 10_000}", "")
OTHER = {"log": {"entries": [{"request": {"method": "POST", "url": "http://a/contacts?password=secret"}}]}}


def run(*arguments):
    """Run the command with limited memory."""
    script = f'ulimit -v {MEMORY * 1024}; exec "$0" "$@"'
    command = ["bash", "-c", script, COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (json.dumps(OTHER), "contains no poll of an import (GET .../events/ID)"),
        (
            "---\n- !ruby/struct:VCR::HTTPInteraction\n  request: !ruby/struct:VCR::Request\n",
            "unsupported tag !ruby/struct:VCR::HTTPInteraction at line 2; record the cassette with plain values",
        ),
        (
            "interactions:\n- request: !!python/object/apply:os.system ['exit']\n",
            "unsupported tag !!python/object/apply:os.system at line 2; record the cassette with plain values",
        ),
        (f"---\n{BOMB}", "too large: more than 1,000,000 values"),
        (f"---\n{MERGING}", "too large: more than 1,000,000 values"),
        (ALIASES, "too large: more than 1,000,000 values"),
        (INFLATING, "entry 9: the bodies up to this one have more than 8,388,608 bytes"),
        (LONG_QUERY, "entry 1: its URL has more than 8,192 characters"),
        (f"interactions: {'[' * 100_000}", "nested more than 100 levels deep"),
        (
            '{"log": ' + "[" * 1_000_000,
            "is not a trace, a HAR, a cassette or a response of the service: the response is ",
        ),
        ('{"spongewatch-trace": 2}\n', "line 1: trace version must be 1, not 2"),
    ],
    ids=[
        "no poll",
        "ruby",
        "python",
        "bomb",
        "merge keys",
        "aliases",
        "inflating",
        "query",
        "deep yaml",
        "deep json",
        "newer",
    ],
)
def test_a_bad_file_causes_a_one_line_error_and_takes_little_memory(tmp_path, content, problem):
    file = tmp_path / "file"
    file.write_text(content)
    done = run("convert", file)
    assert (done.returncode, done.stdout) == (9, "")
    assert done.stderr.startswith(f"spongewatch: {file}: {problem}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("start", [b'{"log": {"entries": [', b"---\nhttp_interactions:\n- "])
def test_a_bad_file_of_a_hundred_megabytes_takes_little_memory(tmp_path, start):
    file = tmp_path / "file"
    with file.open("wb") as stream:
        stream.write(start)
        stream.truncate(100 * 2**20)
    done = run("convert", file)
    assert (done.returncode, done.stdout) == (9, "")
    assert done.stderr == (
        f"spongewatch: {file}: is not a trace, and files of other formats may have at most 25,165,824 bytes\n"
    )


def test_a_long_trace_is_converted_in_little_memory(tmp_path):
    file, output = tmp_path / "trace", tmp_path / "converted"
    line = json.dumps({"t": 1.0, "took": 0.0, "status": 503, "headers": {}, "body": "x" * 4000}) + "\n"
    with file.open("w") as stream:
        stream.write('{"spongewatch-trace": 1}\n')
        stream.writelines([line] * 10_000)
    done = run("convert", file, "--output", output)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_text().endswith(line * 9_000)


def test_a_har_of_a_browser_is_converted_and_replayed(tmp_path):
    output = tmp_path / "trace"
    assert run("convert", ROOT / "tests/data/chromium.har", "--output", output).returncode == 0
    assert run("replay", output, "--jsonl").stdout == run("replay", ROOT / "tests/data/chromium.har", "--jsonl").stdout

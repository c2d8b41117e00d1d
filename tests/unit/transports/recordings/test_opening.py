import bz2
import json
import lzma
import os
import zlib
from base64 import b64encode
from gzip import compress
from io import BytesIO
from zipfile import ZipFile

import pytest
import yaml

from event_rows import json_body, rows
from spongewatch import InvalidArgument, InvalidType, SpongewatchError
from spongewatch.transports import RecordingError, replay
from spongewatch.transports.recordings import opening
from spongewatch.transports.recordings.foreign.body_files import Bodies
from spongewatch.transports.recordings.foreign.captured import Captured
from spongewatch.transports.recordings.opening import open_recording
from spongewatch.transports.recordings.trace import Trace

BODY = json_body(rows("COMPLETE COMPLETED"))
HAR = {
    "comment": "log is not the first",
    "log": {
        "entries": [
            {
                "startedDateTime": "2026-11-02T09:14:07Z",
                "request": {"method": "GET", "url": "http://a/events/7"},
                "response": {"status": 200, "content": {"text": BODY.decode()}},
            }
        ]
    },
}
CASSETTE = {
    "interactions": [
        {
            "request": {"method": "GET", "uri": "http://a/events/7"},
            "response": {"status": {"code": 200}, "body": {"string": BODY.decode()}},
        }
    ],
    "version": 1,
}


def written(tmp_path, content, name="any name"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def problem_of(path, import_id=None):
    with pytest.raises(RecordingError) as caught:
        open_recording(path, import_id)
    assert str(caught.value).isprintable()
    return caught.value.problem


def encodings_of(text):
    """Return the text as programs on different systems may write it."""
    return [
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        b"\n \r\n" + text.encode(),
        text.replace("\n", "\r\n").encode(),
        text.encode("utf-16"),
    ]


JSON_FILES = [
    content
    for obj in (HAR, CASSETTE, {"recorded_with": "VCR", "http_interactions": CASSETTE["interactions"]})
    for text in (json.dumps(obj), json.dumps(obj, indent=4))
    for content in encodings_of(text)
]
YAML_FILES = [
    content
    for obj in (CASSETTE, {"http_interactions": CASSETTE["interactions"], "recorded_with": "VCR"})
    for text in (yaml.safe_dump(obj), yaml.safe_dump(obj, explicit_start=True))
    for content in encodings_of(text)[:-2]
]


@pytest.mark.parametrize("name", ["any name", "trace.jsonl", "x.har", "x.yml"])
@pytest.mark.parametrize("content", [JSON_FILES[0], YAML_FILES[0]], ids=["json", "yaml"])
def test_the_name_of_a_file_does_not_matter(tmp_path, content, name):
    assert isinstance(open_recording(written(tmp_path, content, name)), Captured)


@pytest.mark.parametrize("content", [*JSON_FILES, *YAML_FILES])
def test_files_of_other_tools_are_recognized_in_any_encoding(tmp_path, content):
    recording = open_recording(written(tmp_path, content))
    (exchange,) = recording.entries()
    assert (recording.import_id, exchange.response.body) == ("7", BODY)


def test_traces_bodies_and_folders_are_recognized(tmp_path):
    assert isinstance(open_recording(written(tmp_path, b'{"spongewatch-trace": 1}\n')), Trace)
    body = written(tmp_path, BODY, "a.json")
    assert isinstance(open_recording(body), Bodies)
    assert isinstance(open_recording(tmp_path), Bodies)
    assert list(open_recording(str(tmp_path)).entries()) == list(open_recording(body).entries())


def test_a_body_in_xml_is_recognized(tmp_path):
    xml = b"<eventsResponse><events></events></eventsResponse>"
    assert isinstance(open_recording(written(tmp_path, xml)), Bodies)


@pytest.mark.parametrize(
    ("content", "names"),
    [(b'{"spongewatch-trace": 1, "import_id": "7"}\n', "7"), (b'{"spongewatch-trace": 1}\n', "8"), (BODY, "8")],
)
def test_a_recording_that_names_no_import_is_of_the_requested_one(tmp_path, content, names):
    file = written(tmp_path, content)
    if names == "7":
        assert problem_of(file, "8") == "contains import 7, not 8"
    assert open_recording(file, names).import_id == names


def test_a_file_of_another_tool_must_contain_the_requested_import(tmp_path):
    file = written(tmp_path, json.dumps(HAR))
    assert open_recording(file, "7").import_id == "7"
    assert problem_of(file, "8") == "contains no poll of import 8, only of 7"


@pytest.mark.parametrize("import_id", ["", "../7", "0"])
def test_an_invalid_import_id_is_refused_before_the_file_is_opened(import_id):
    with pytest.raises(
        InvalidArgument, match="^import_id must be 1 to 64 letters, digits, dashes and underscores, .*, not "
    ):
        open_recording("gone", import_id)


def test_an_import_id_may_be_an_int(tmp_path):
    file = written(tmp_path, json.dumps(HAR))
    assert open_recording(file, 7).import_id == "7"
    assert replay(file, import_id=7).session.import_id == "7"
    for wrong in (0, -7):
        with pytest.raises(SpongewatchError):
            open_recording(file, wrong)
    for wrong in (True, 7.0, b"7"):
        with pytest.raises(InvalidType, match="^import_id must be a str or an int, not "):
            open_recording(file, wrong)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the response is empty"),
        (b"\x89PNG\r\n\x1a\n", "the response is not valid UTF-8"),
        (b"<html>", "the response is an HTML page"),
        (b'{"log": {"entries": [', "the response is not valid JSON"),
        (b'{"log": [' + b"[" * 100_000, "the response is JSON that is nested too deeply"),
        (b'{"log": 7}', "the response has no events"),
        (b"# notes\nevents: []\n", "the response is not valid JSON"),
        (b'{"x": "' + b"x" * 2**20 + b'"}', "the response has more than 1,048,576 bytes"),
    ],
)
def test_unknown_formats_are_refused(tmp_path, content, problem):
    problem = problem_of(written(tmp_path, content))
    assert problem.startswith("is not a trace, a HAR, a cassette or a response of the service: ")
    assert problem in problem


@pytest.mark.parametrize("content", [b"[]", b'"log"', b"7", b"null", b'{"interactions": {}}', b'{"log": null}'])
def test_other_json_is_refused(tmp_path, content):
    assert problem_of(written(tmp_path, content)).startswith("is not a trace, ")


def test_large_files_of_other_formats_are_not_read(tmp_path):
    file = tmp_path / "large"
    for start in (b'\n{"log": {"entries": [', b"---\nhttp_interactions:\n", b"[", b"\xff"):
        with file.open("wb") as stream:
            stream.write(start)
            stream.truncate(100 * 2**20)
        assert problem_of(file) == "is not a trace, and files of other formats may have at most 25,165,824 bytes"


def test_json_with_too_many_values_is_not_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "_MAX_PIECES", 20)
    assert isinstance(open_recording(written(tmp_path, json.dumps(HAR))), Captured)
    crowded = b'\n{"log": {"entries": [' + b"[]," * 12 + b"[]]}}"
    assert (
        problem_of(written(tmp_path, crowded)) == "is not a trace, and JSON of other formats may have at most 20 values"
    )


def zipped(*names):
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (compress(json.dumps(HAR).encode()), "is compressed with gzip; decompress it first, e.g. with gunzip"),
        (zlib.compress(json.dumps(HAR).encode(), 1), "is compressed with zlib; decompress it first"),
        (zlib.compress(json.dumps(HAR).encode()), "is compressed with zlib; decompress it first"),
        (b"\x28\xb5\x2f\xfd\x04", "is compressed with zstd; "),
        (bz2.compress(b"{}"), "is compressed with bzip2; "),
        (lzma.compress(b"{}"), "is compressed with xz; "),
        (zipped("har.har", "0a.json"), "is a ZIP archive, as Playwright writes it; unpack it and open the .har file"),
        (zipped(), "is a ZIP archive, "),
        (zipped("_index.htm", "raw/1_c.txt"), "is a Fiddler session (SAZ); export a HAR instead"),
        (zipped("0-meta.json", "0-res.json"), "is a Charles session; export a HAR instead"),
        (zipped("trace.trace", "trace.network"), "is a Playwright trace; record a HAR instead"),
        (b'{"version":7,"type":"context-options"}\n', "is a Playwright trace; record a HAR instead"),
        (b'{"type":"resource-snapshot","snapshot":{}}\n', "is a Playwright trace; record a HAR instead"),
        (b"\xac\xed\x00\x05sr", "is a Charles session; "),
        (b"<?xml version='1.0' encoding='UTF-8' ?>\n<!DOCTYPE a SYSTEM 'b'>\n<charles-session>", "is a Charles session in XML; "),
        ([{"host": "a", "path": "/events/7", "request": {"a": 1}, "response": {"b": 1}}], "is a Charles session in JSON; "),
        (b"bplist00\xd4", "is a binary property list, such as a Proxyman session; "),
        (b"SQLite format 3\x00", "is an SQLite database; "),
        (b"\x0a\x0d\x0d\x0a\x1c", "is a packet capture; "),
        (b"\xd4\xc3\xb2\xa1\x02", "is a packet capture; "),
        (b"1852:9:websocket;0:~8:response;571:6:reason;2:OK", "is a mitmproxy flow file; convert it with mitmdump -nr "),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}", "is a response with its headers, as curl -i "),
        (b"HTTP/2 401 \r\n\r\n", "is a response with its headers, as curl -i prints it; save the body alone"),
        (b"*   Trying 127.0.0.1:80...\n* Connected\n", "is output of curl -v; save the body alone"),
        (b"  % Total    % Received % Xferd\n", "is output of curl -v; "),
        (b"> GET /events/7 HTTP/1.1\r\n", "is output of curl -v; save the body alone"),
        (b"GET /events/7 HTTP/1.1\r\nHost: a\r\n", "is an HTTP request; "),
        (b'<?xml version="1.0"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n]>\n<items burpVersion="2">', "is a Burp Suite export; "),
        (b"<?xml version='1.0'?><log><version>1.1</version>", "is a HAR in XML, as Internet Explorer exports it; "),
        (b"type: collection.insomnia.rest/5.0\nname: a\n", "is an Insomnia export; "),
        ({"_type": "export", "__export_format": 4, "resources": []}, "is an Insomnia export; "),
        ({"info": {"_postman_id": "x"}, "item": []}, "is a Postman collection; "),
        ({"collection": {}, "run": {}}, "is a Newman report; "),
        ({"mappings": [{"request": {"url": "/events/7"}}]}, "is a file of WireMock mappings, which have no order; "),
        ({"id": "x", "request": {"urlPath": "/events/7"}, "response": {"status": 200}}, "is a file of WireMock mappings"),
        ([{"scope": "http://a:80", "method": "GET", "path": "/events/7", "status": 200, "response": {}}], "is a recording of nock; "),
        ([{"httpRequest": {}, "httpResponse": {}}], "is a MockServer file; "),
        ({"imposters": []}, "is a file of Mountebank imposters; "),
        ({"constants": {}, "events": []}, "is a Chrome NetLog; "),
        ({"traceEvents": []}, "is a Chrome performance trace; "),
        (b'{"kind":"transition","at":0.1}\n{"kind":"ended"}\n', "is output of --jsonl, which can't be replayed; record with --record"),
    ],
)  # fmt: skip
def test_unsupported_formats_are_named_with_what_to_do(tmp_path, content, problem):
    file = written(tmp_path, content if isinstance(content, bytes) else json.dumps(content))
    assert problem_of(file).startswith(problem)


def test_a_body_in_jsonp_is_read(tmp_path):
    written(tmp_path, b"cb(" + BODY + b");", "1.json")
    for path in (tmp_path, tmp_path / "1.json"):
        (exchange,) = open_recording(path).entries()
        assert exchange.response.body == BODY


def test_the_bodies_of_a_small_file_must_be_small(tmp_path):
    entry = HAR["log"]["entries"][0]
    inflating = b64encode(compress(b'{"events":[],"x":"' + b"x" * (2**20 - 100) + b'"}')).decode()
    har = {"log": {"entries": [{**entry, "response": {"status": 200, "content": {"text": inflating}}}] * 8}}
    assert "the bodies up to this one have more than " in problem_of(written(tmp_path, json.dumps(har)))


def test_paths_that_are_not_files_are_refused(tmp_path):
    assert problem_of(tmp_path / "gone") == "cannot be read: No such file or directory"
    assert problem_of("") == "cannot be read: No such file or directory"
    assert problem_of("x" * 300) == "cannot be read: File name too long"
    assert problem_of("\0") == "is not a valid path"
    os.mkfifo(tmp_path / "pipe")
    assert problem_of(tmp_path / "pipe") == "is not a file or folder"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"spongewatch-trace": 3}', "line 1: trace version must be 1, not 3"),
        (b'{"spongewatch-trace":', "line 1: not valid JSON"),
        (
            b'{"spongewatch-tr',
            "is not a trace, a HAR, a cassette or a response of the service: the response is not valid JSON",
        ),
    ],
)
def test_a_damaged_trace_is_recognized_as_a_trace(tmp_path, content, problem):
    assert problem_of(written(tmp_path, content)).startswith(problem)


def test_a_file_without_read_permission_is_refused(tmp_path, monkeypatch):
    file = written(tmp_path, BODY)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)  # root, who may run the tests, can read every file
    with pytest.raises(RecordingError, match="cannot be read: Permission denied"):
        open_recording(file)

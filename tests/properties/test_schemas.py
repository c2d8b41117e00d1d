"""The JSON Schemas in the reference, checked against what is emitted, saved, written and read."""

import json
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from event_rows import growing_rows, histories, json_body, unlisted_rows
from spongewatch import (
    TRANSITIONS,
    Abandoned,
    Anomaly,
    Cancelled,
    Completed,
    Credentials,
    Ended,
    Failed,
    ImportEvent,
    ImportFailure,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    LostContact,
    PollPolicy,
    Rejected,
    Response,
    State,
    TimedOut,
    Transition,
    TransportError,
    is_import_id,
)
from spongewatch.adapters.cli.command_line import main
from spongewatch.core.errors import TRANSPORT_ERROR_KINDS
from spongewatch.core.outcome_words import OUTCOME_REASONS
from spongewatch.core.saved_session import outcome_to_json
from spongewatch.transports import TraceWriter, VirtualClock, open_recording, poll, replay, watch
from spongewatch.transports.recordings.trace import Trace
from spongewatch.transports.recordings.trace_lines import TraceLines
from spongewatch.transports.testing import HandlerTransport

ROOT = Path(__file__).parents[2]
SCHEMAS = {path.name.split(".")[0]: json.loads(path.read_text()) for path in ROOT.glob("docs/reference/schemas/*.json")}
TRACES = sorted(ROOT.glob("docs/traces/*.jsonl"))
RECORDINGS = [*TRACES, *(ROOT / "tests/data" / name for name in ("chromium.har", "vcrpy.json", "ruby-vcr.yml"))]
CREDENTIALS = Credentials("key", 'p+/%: é"')
FEWER = settings(max_examples=settings.default.max_examples // 5)  # validation is slow


def validator(name, part=None):
    schema = SCHEMAS[name]
    return Draft202012Validator(schema if part is None else {"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]})


EMITTED = validator("json-lines")
SAVED = validator("saved-session")
HEADER, ENTRY, LINE = validator("trace", "header"), validator("trace", "entry"), validator("trace")
WRITTEN = validator("trace", "written")


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_valid(name):
    Draft202012Validator.check_schema(SCHEMAS[name])


# Emitted items, saved sessions and traces.

polls = st.lists(
    st.one_of(
        st.builds(lambda row: Response(200, {}, json_body([row], user_id="me")), unlisted_rows),
        st.builds(
            Response,
            st.sampled_from([200, 204, 404, 429, 503, 302, 401, 410]),
            st.sampled_from([{}, {"retry-after": "2"}, {"retry-after": "99999", "content-type": "text/html\x1b"}]),
            st.sampled_from([b"", b"{", b"\xff\xfe", CREDENTIALS.basic().encode(), b'{"error": {"message": "No."}}']),
        ),
        st.builds(
            TransportError,
            st.sampled_from(TRANSPORT_ERROR_KINDS),
            st.sampled_from(["", "\x1b[2J", CREDENTIALS.domain_password]),
            st.sampled_from([False, False, False, True]),
        ),
    ),
    max_size=3,
)
policies = st.sampled_from(
    [
        PollPolicy(),
        PollPolicy(timeout=4, request_timeout=3),
        PollPolicy(consent_timeout=2.5, gathering_timeout=2, not_found_grace=0),
        PollPolicy(consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None),
    ]
)


@FEWER
@given(polls, growing_rows(), policies, st.sampled_from([100, 100, 100, 2]), st.sampled_from([0.0, 0.184, 2.9]))
def test_items_saved_sessions_and_traces_of_a_watch_match_the_schemas(first, snapshots, policy, patience, took):
    clock = VirtualClock()
    planned = iter([*first, *(Response(200, {}, json_body(rows, echo="mine")) for rows in snapshots)])

    def respond(request):
        SAVED.validate(json.loads(session.save()))  # while a poll is open
        clock.sleep(took)
        said = next(planned, TransportError("exhausted", permanent=True))
        if isinstance(said, Response):
            return said
        raise TransportError(said.kind, said.detail, said.permanent)

    session = ImportSession("1126", CREDENTIALS, now=0.0, echo="mine", policy=policy)
    with TemporaryDirectory() as folder:
        trace = Path(folder, "trace.jsonl")
        with TraceWriter(trace, CREDENTIALS) as record:
            watching = watch(session, HandlerTransport(respond), clock=clock, record=record)
            for number, item in enumerate(watching):
                EMITTED.validate(item.to_json())
                if number == patience:
                    watching.cancel()
        saved = session.save()
        SAVED.validate(json.loads(saved))
        SAVED.validate(json.loads(ImportSession.resume(saved, CREDENTIALS, now=clock.now() - 1).save()))
        for line in trace.read_text().splitlines():
            WRITTEN.validate(json.loads(line))
            LINE.validate(json.loads(line))
        for item in replay(trace):
            EMITTED.validate(item.to_json())


@FEWER
@given(growing_rows(), policies, st.sampled_from([0.0, 2.9, 200.0]))
def test_the_trace_of_a_resumed_session_matches_the_schemas_and_replays(snapshots, policy, away):
    clock = VirtualClock()
    planned = iter([Response(200, {}, json_body(rows)) for rows in snapshots])
    transport = HandlerTransport(lambda request: next(planned, Response(503)))
    session = ImportSession("1126", CREDENTIALS, now=0.0, policy=policy)
    for _ in range(2):
        poll(session, transport, clock=clock)
        clock.sleep(1.0)
    clock.sleep(away)
    session = ImportSession.resume(session.save(), CREDENTIALS, now=clock.now())
    with TemporaryDirectory() as folder:
        path = Path(folder, "trace.jsonl")
        with TraceWriter(path, CREDENTIALS) as record:
            watching = watch(session, transport, clock=clock, record=record)
            emitted = [item for item, _ in zip(watching, range(20), strict=False)]
            watching.cancel()
            emitted += watching
        for line in path.read_text().splitlines():
            WRITTEN.validate(json.loads(line))
            LINE.validate(json.loads(line))
        if emitted:  # the watch had not ended yet
            assert [item.to_json() for item in replay(path)] == [item.to_json() for item in emitted]
        again = Path(folder, "again.jsonl")
        again.write_text("".join(TraceLines(open_recording(path))))
        assert [item.to_json() for item in replay(again)] == [item.to_json() for item in replay(path)]


@FEWER
@given(histories, st.sampled_from([None, "", "1126"]), st.sampled_from([None, 0, -7.25]))
def test_a_machine_fed_directly_matches_the_schemas(history, import_id, at):
    machine = ImportMachine(import_id)
    for rows in history:
        for item in machine.feed(rows, at=at):
            EMITTED.validate(item.to_json())
        SAVED.validate(json.loads(machine.save()))


def test_a_machine_with_too_many_odd_rows_matches_the_schemas():
    machine = ImportMachine()
    machine.feed([ImportEvent("INITIALIZING", "INPROGRESS")])
    machine.feed(ImportEvent("ODD", f"STATUS{number}") for number in range(50))
    saved = json.loads(machine.save())
    SAVED.validate(saved)
    assert not SAVED.is_valid({**saved, "told": [*saved["told"], ["unlisted-row", "ODD", "ONE MORE"]]})


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_traces_in_the_docs_match_the_schema(path):
    header, *entries = map(json.loads, path.read_text().splitlines())
    HEADER.validate(header)
    for entry in entries:
        ENTRY.validate(entry)
        LINE.validate(entry)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_converted_recordings_match_the_schema(path):
    for line in TraceLines(open_recording(path, None if path in TRACES else "1126")):
        WRITTEN.validate(json.loads(line))


@pytest.mark.parametrize("words", [["514"], ["9999"], ["-1"], []], ids=" ".join)
def test_the_output_of_explain_matches_the_schema(capsys, words):
    assert main(["explain", "--json", *words]) == 0
    validator("error-codes").validate(json.loads(capsys.readouterr().out))


# Invalid documents.

KINDS = ("transition", "anomaly", "poll-failed", "ended")

TEXTS = {("poll-failed", "reason"), ("ended", "detail"), *((kind, "import_id") for kind in KINDS)}
OUTCOMES = [
    Completed(5),
    Cancelled(),
    Abandoned(ImportFailure.of(514, State.INITIALIZING)),
    *map(TimedOut, OUTCOME_REASONS["timed-out"]),
    LostContact("timeout"),
    *(Rejected(reason, "status 401") for reason in OUTCOME_REASONS["rejected"]),
]

ODD = (
    *(None, True, False, 0, 1, 99, 600, -1, 0.0005, 1.5, 10**9 + 1, 10**15, 10**16, -(10**11)),
    *("", " ", "x", "é", "0", "1126", " 1126 ", "../1", "YQ", "YQ=="),
    *("json", "timeout", "consent", "redirect", "ERROR", "GATHERING"),
    *([], ["start"], {}, {"x": "y"}, {"x": 1}),
)

HEADERS = [
    {
        "spongewatch-trace": 1,
        "import_id": "1126",
        "format": "xml",
        "started": "2026-11-02T09:14:07Z",
        "policy": PollPolicy(interval=0.0001 + 0.001, lost_contact_timeout=10**9).to_json(),
    },
]
ENTRIES = [
    {"t": 0.0, "took": 0.1, "status": 200, "headers": {"content-type": "text/xml"}, "body": "<a/>"},
    {"t": 1, "took": 0, "status": 599, "body64": "/w=="},
    {"t": 2, "took": 10.0, "error": "timeout", "detail": "no response", "permanent": True},
    {"t": 2, "end": "timed-out", "reason": "total", "detail": "so it is"},
    {"t": 2, "end": "rejected", "reason": "redirect"},
    {"t": 2, "end": "completed"},
]


def changed(obj, path=()):
    """Yield the object with each key set to each odd value, and without each key."""
    for key in obj if isinstance(obj, dict) else range(len(obj)):
        yield from ({**obj, key: odd} if isinstance(obj, dict) else [odd] for odd in ODD)
        if isinstance(obj, dict):
            yield {name: value for name, value in obj.items() if name != key}
            if isinstance(obj[key], dict | list):
                yield from ({**obj, key: inside} for inside in changed(obj[key]))


def with_one_more(obj):
    """Return the object with an unknown key, in itself and in each nested object."""
    yield {**obj, "comment": "mine"}
    for key, value in obj.items():
        if isinstance(value, dict):
            yield from ({**obj, key: inside} for inside in with_one_more(value))


def takes(reader, *arguments, **options):
    try:
        reader(*arguments, **options)
    except (InvalidArgument, InvalidType, LocalProtocolError):
        return False
    return True


def read(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for _ in Trace(path).entries():
        pass


def interval_is_too_long(obj):
    """A schema can't compare two keys."""
    policy = obj.get("policy")
    if not isinstance(policy, dict):
        return False
    interval, lost = policy.get("interval", 1.0), policy.get("lost_contact_timeout")
    return isinstance(interval, int | float) and isinstance(lost, int | float) and lost <= interval


@pytest.mark.parametrize("line", HEADERS, ids=["header"])
def test_a_changed_header_is_read_exactly_if_the_schema_allows_it(tmp_path, line):
    assert HEADER.is_valid(line)
    for other in changed(line):
        taken = takes(read, tmp_path / "trace.jsonl", other)
        assert taken is HEADER.is_valid(other) or interval_is_too_long(other), other
        assert LINE.is_valid(other) is (HEADER.is_valid(other) if "spongewatch-trace" in other else False)


@pytest.mark.parametrize("line", ENTRIES, ids=lambda line: " ".join(line))
def test_a_changed_line_is_read_exactly_if_the_schema_allows_it(tmp_path, line):
    assert ENTRY.is_valid(line)
    for other in (*changed(line), *({**line, name: odd} for name in KEYS - {*line} for odd in ODD)):
        taken = takes(read, tmp_path / "trace.jsonl", HEADERS[0], other)
        assert taken is ENTRY.is_valid(other) is LINE.is_valid(other), other


KEYS = {key for line in ENTRIES for key in line}


@FEWER
@given(st.dictionaries(st.sampled_from(sorted(KEYS)), st.sampled_from(ODD)), st.sampled_from(ENTRIES))
def test_a_line_with_any_keys_is_read_exactly_if_the_schema_allows_it(keys, line):
    with TemporaryDirectory() as folder:
        other = {**line, **keys}
        assert takes(read, Path(folder, "trace.jsonl"), HEADERS[0], other) is ENTRY.is_valid(other)


@pytest.mark.parametrize("line", [*HEADERS, *ENTRIES], ids=lambda line: " ".join(line))
def test_readers_ignore_unknown_keys(tmp_path, line):
    for other in with_one_more(line):
        assert takes(read, tmp_path / "trace.jsonl", *([other] if line in HEADERS else [HEADERS[0], other]))
        assert LINE.is_valid(other)
        assert not WRITTEN.is_valid(other)


EVERY = [item.to_json() for path in TRACES for item in replay(path)]
LINES = [
    *{(line["kind"], line.get("trigger"), line.get("event") is None): line for line in EVERY}.values(),
    Anomaly("1126", 0.1, "odd-value", ImportEvent("GATHERING", "INPROGRESS", odd_value="many")).to_json(),
    *(Ended("1126", 0.1, ended, State.GATHERING, 5).to_json() for ended in OUTCOMES),
]


def test_a_line_with_missing_extra_or_mistyped_keys_is_refused():
    for line in LINES:
        EMITTED.validate(line)
        for key, value in line.items():
            assert not EMITTED.is_valid({name: line[name] for name in line if name != key}), (line, key)
            any_text = (line["kind"], key) in TEXTS and value is not None
            odd_values = (1 if isinstance(value, bool) else True, [], {}, *(() if any_text else ("x",)))
            for odd in odd_values:
                assert not EMITTED.is_valid({**line, key: odd}), (line, key, odd)
            for name in value if isinstance(value, dict) else ():
                if name != "odd_value":
                    assert not EMITTED.is_valid({**line, key: {**value, name: []}})
                    assert not EMITTED.is_valid({**line, key: {n: value[n] for n in value if n != name}})
        assert not any(map(EMITTED.is_valid, with_one_more(line)))


@pytest.mark.parametrize("trigger", sorted({trigger for trigger, _, _ in TRANSITIONS}))
def test_a_transition_is_valid_exactly_if_the_table_has_it(trigger):
    failure = ImportFailure.of(264, State.GATHERING)
    for source, dest in product(State, State):
        for why in (None, failure):
            step = Transition("1126", 0.1, trigger, source, dest, None, ImportEvent("ODD", "ERROR"), why)
            there_is = (trigger, source, dest) in TRANSITIONS and (why is failure) is (trigger == "fail")
            assert EMITTED.is_valid(step.to_json()) is there_is
            assert EMITTED.is_valid({**step.to_json(), "event": None}) is (there_is and trigger != "fail")


@pytest.mark.parametrize("schema", [EMITTED, SAVED, HEADER, ENTRY, LINE, WRITTEN, validator("error-codes")])
def test_values_other_than_objects_are_refused(schema):
    assert not any(schema.is_valid(odd) for odd in (None, True, 1, "x", ["x"], [[]]))


def sessions():
    """Saved sessions: after a failed poll and odd rows, after lost contact, and of a failed import."""
    session = ImportSession("1126", CREDENTIALS, now=100.0, echo="mine")
    rows = [ImportEvent("GATHERING", "INPROGRESS", odd_value="many"), ImportEvent("SUBMITTING", "PENDING")]
    session.receive(Response(200, {}, json_body(rows)), now=101)
    session.receive(Response(503), now=102.5)
    yield session.save()
    session.handle_timeout(now=1000)
    yield session.save()
    failing = ImportSession("1126", CREDENTIALS, now=100.0, policy=PollPolicy(lost_contact_timeout=None))
    failing.receive(Response(200, {}, json_body([ImportEvent("GATHERING", "ERROR", 264)])), now=101)
    yield failing.save()


@pytest.mark.parametrize("saved", [*map(json.loads, sessions())], ids=["odd", "lost", "failed"])
def test_the_schema_refuses_what_resume_refuses(saved):
    assert SAVED.is_valid(saved)
    assert not any(map(SAVED.is_valid, with_one_more(saved)))
    assert not SAVED.is_valid({**saved["machine"], "told": [["start"], ["start"]]})
    for other in changed(saved):
        taken = takes(ImportSession.resume, json.dumps(other), CREDENTIALS, now=100.0)
        assert taken or not SAVED.is_valid(other) or do_not_go_together(other), other


def do_not_go_together(saved):
    """A schema can't compare two keys."""
    ids = saved["import_id"], saved["machine"]["import_id"]
    other_import = is_import_id(ids[0]) and isinstance(ids[1], str | None) and ids[0] != ids[1]
    return other_import or interval_is_too_long(saved) or a_budget_is_beyond_its_policy(saved)


def a_budget_is_beyond_its_policy(saved):
    policy, now = saved["policy"], saved["now"]
    phase = "consent_timeout" if saved["machine"]["state"] == "INITIALIZING" else "gathering_timeout"
    ends = [(saved["phase_end"], policy[phase]), (saved["lost_at"], policy["lost_contact_timeout"])]
    return any(
        (end is None) is not (budget is None) or (end is not None and end > now + budget * 1000) for end, budget in ends
    )


TOLD = [
    *([word] for word in ("start", "progress", "gather", "contradiction", "other", "odd-value")),
    *(
        ["odd-value", *words]
        for words in (["GATHERING", "INPROGRESS"], ["GATHERING", "ODD"], ["COMPLETE", "INPROGRESS"])
    ),
    *(
        ["unlisted-row", *words]
        for words in (["ODD", "x"], ["GATHERING", "INPROGRESS"], ["é", "x"], ["x", ""], ["x", 1])
    ),
    *(["unlisted-row", *words] for words in (["x"], ["x", "y", "z"])),
    *("start", ["odd-value", "GATHERING", "INPROGRESS", "x"], ["other", "ODD", "x"], ["other", "GATHERING", "ERROR"]),
]


@pytest.mark.parametrize("told", TOLD, ids=str)
def test_a_machine_is_resumed_exactly_if_the_schema_allows_it(told):
    failures = [None, *({"code": 264, "phase": phase} for phase in ("INITIALIZING", "GATHERING", "COMPLETE"))]
    for state, count, failure in product(State, (None, 5), failures):
        machine = json.loads(ImportMachine("1126").save())
        machine |= {"state": state.name, "contact_count": count, "failure": failure, "told": [told]}
        assert takes(ImportMachine.resume, json.dumps(machine)) is SAVED.is_valid(machine), machine


@pytest.mark.parametrize("line", [HEADERS[0], ENTRIES[0], ENTRIES[2], ENTRIES[3]], ids=lambda line: " ".join(line))
def test_writers_omit_only_unknown_values(line):
    WRITTEN.validate(line)
    for key in line:
        assert not WRITTEN.is_valid({**line, key: None}), key
        without = {name: line[name] for name in line if name != key}
        may_be_absent = {"import_id", "format", "started", "permanent", "reason"} | (
            {"detail"} if "end" in line else set()
        )
        assert WRITTEN.is_valid(without) is (key in may_be_absent), key
    for key in {"import_id", "started"} & {*line} | ({"detail"} if "end" in line else set()):
        assert not WRITTEN.is_valid({**line, key: ""})
    assert not WRITTEN.is_valid({**line, "policy": {}})
    assert not WRITTEN.is_valid({**line, "body64": "YQ=="})
    assert not WRITTEN.is_valid({**line, "permanent": False})
    assert not WRITTEN.is_valid({"t": 1, "took": 0, "status": 200, "headers": {}, "body64": None})


@pytest.mark.parametrize(
    "odd",
    [
        *({"event": {"type": "X", "status": "X", "value": value}} for value in (-1, 10**15, 1.5)),
        *({"event": {"type": word, "status": "X", "value": 1}} for word in ("", "é", "x" * 65)),
        *({"event": {"type": "X", "status": "X", "value": None, "odd_value": value}} for value in (1, None)),
        {"event": {"type": "X", "status": "X", "value": 1, "odd_value": "many"}},
        *({"contact_count": count} for count in (-1, 10**15)),
        *({"failure": {**ImportFailure.of(264, State.GATHERING).to_json(), "code": code}} for code in (0, 10**15)),
        *({"at": -0.1, "kind": kind} for kind in ("poll-failed", "ended")),
        *({"attempt": attempt} for attempt in (0, 1.5)),
    ],
    ids=str,
)
def test_impossible_numbers_and_words_are_refused(odd):
    others = [{**line, **odd} for line in LINES if {*odd} <= {*line} and odd.get("kind", line["kind"]) == line["kind"]]
    assert others
    assert not any(map(EMITTED.is_valid, others))


def test_a_saved_outcome_has_exactly_its_own_keys():
    saved = json.loads(next(sessions()))
    outcomes = [outcome_to_json(outcome) for outcome in (*OUTCOMES, Failed(ImportFailure.of(264, State.GATHERING)))]
    pairs = {(outcome["name"], outcome["reason"]) for outcome in outcomes}
    names, reasons = ({pair[side] for pair in pairs} for side in (0, 1))
    for name, reason, detail in product(names, reasons, ("", "for people")):
        outcome = {"name": name, "reason": reason, "detail": detail}
        there_is = (name, reason) in pairs and (not detail or name in ("lost-contact", "rejected"))
        assert SAVED.is_valid({**saved, "outcome": outcome}) is there_is, outcome
    assert not SAVED.is_valid({**saved, "policy": {"interval": 1.0}})

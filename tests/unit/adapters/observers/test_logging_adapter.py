import io
import json
import logging
from pathlib import Path

import pytest
import structlog
from pythonjsonlogger.json import JsonFormatter

from spongewatch import (
    Abandoned,
    Anomaly,
    Cancelled,
    Completed,
    Ended,
    Failed,
    ImportEvent,
    ImportFailure,
    ImportMachine,
    LocalProtocolError,
    LostContact,
    PollFailed,
    Rejected,
    State,
    TimedOut,
    Transition,
)
from spongewatch.adapters.observers.logging_adapter import LoggingAdapter
from spongewatch.transports import replay

TRACES = Path(__file__).parents[4] / "docs/traces"
ANOMALY = Anomaly("1126", 1.0, "unlisted-row", ImportEvent("SUBMITTING", "INPROGRESS", 50))
POLL_FAILED = PollFailed("1126", 1.0, 1, "status 503", 2.4)
FAILURE = ImportFailure.of(264, State.GATHERING)


def steps():
    return ImportMachine("1126").feed(
        [
            ImportEvent("INITIALIZING", "INPROGRESS"),
            ImportEvent("GATHERING", "INPROGRESS", 1),
            ImportEvent("GATHERING", "COMPLETED", 2340),
            ImportEvent("COMPLETE", "COMPLETED"),
        ],
        at=12.34,
    )


def failing(code):
    (step,) = ImportMachine("1126").feed([ImportEvent("INITIALIZING", "ERROR", code)], at=12.34)
    return step


def ended(outcome, import_id="1126"):
    return Ended(import_id, 61.0, outcome, State.GATHERING, None)


EACH_KIND = [failing(264), ANOMALY, POLL_FAILED, ended(Failed(FAILURE))]


@pytest.fixture
def log(caplog):
    """Logs the items and gives their records."""
    caplog.set_level(logging.DEBUG)

    def records_of(*items):
        caplog.clear()
        adapter = LoggingAdapter()
        for item in items:
            adapter(item)
        return list(caplog.records)

    return records_of


def written_by(formatter, *items):
    """The objects that `formatter`, which writes JSON, makes of the items."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("a.logger")
    logger.addHandler(handler)
    for item in items:
        LoggingAdapter(logger)(item)
    return [json.loads(text) for text in stream.getvalue().splitlines()]


def flat(members, prefix="spongewatch."):
    return {
        key: value
        for name, member in members.items()
        for key, value in (
            flat(member, f"{prefix}{name}.") if isinstance(member, dict) else {prefix + name: member}
        ).items()
    }


def test_the_steps_of_an_import(log):
    assert [(record.levelname, record.getMessage()) for record in log(*steps())] == [
        ("INFO", "import 1126 waits for the person's consent"),
        ("INFO", "import 1126 gathers the contacts"),
        ("INFO", "import 1126 has gathered 1 contact so far"),
        ("INFO", "import 1126 has gathered 2,340 contacts in all"),
        ("INFO", "import 1126 is complete"),
    ]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (264, "the error code 264: The provider's address book can't be reached for the moment."),
        (0, "no error code: The service returned no error code."),
    ],
)
def test_an_import_that_fails_is_a_warning(log, code, text):
    (record,) = log(failing(code))
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"import 1126 failed in INITIALIZING with {text}"


def test_a_failure_of_which_nothing_is_known(log):
    (record,) = log(Transition("1126", None, "fail", State.GATHERING, State.ERROR, None, None, None))
    assert record.getMessage().startswith("import 1126 failed in GATHERING with no error code")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ImportEvent("SUBMITTING", "INPROGRESS", 0), "SUBMITTING INPROGRESS 0"),
        (ImportEvent("SUBMITTING", "DONE"), "SUBMITTING DONE"),
        (ImportEvent("A", "B", None, "\x1b[2J\n"), "A B \\x1b[2J\\n"),
        (ImportEvent("%s%d", "%(x)s"), "%s%d %(x)s"),
    ],
)
def test_an_anomaly_is_a_warning(log, event, text):
    (record,) = log(Anomaly("1126", 0.0, "unlisted-row", event))
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"import 1126 has an unexpected row, unlisted-row: {text}"


def test_a_failed_poll_is_a_warning(log):
    with_retry, without = log(POLL_FAILED, PollFailed("1126", 1.0, 2, "a\u202eb", None))
    assert with_retry.levelname == without.levelname == "WARNING"
    assert with_retry.getMessage() == "a poll of import 1126 failed, 1 in a row: status 503; the next is at 2.4 s"
    assert without.getMessage() == "a poll of import 1126 failed, 2 in a row: a\\u202eb"


@pytest.mark.parametrize(
    ("outcome", "level", "text"),
    [
        (Completed(0), "INFO", "completed: 0 contacts"),
        (Cancelled(), "INFO", "cancelled"),
        (
            Failed(FAILURE),
            "WARNING",
            "failed in GATHERING with the error code 264: The provider's address book can't be reached for the moment.",
        ),
        (
            Abandoned(ImportFailure.of(517, State.INITIALIZING)),
            "WARNING",
            "abandoned in INITIALIZING with the error code 517: The person left before giving consent.",
        ),
        (TimedOut("consent"), "WARNING", "timed-out (consent)"),
        (LostContact("wh\ny"), "ERROR", "lost-contact: wh\\ny"),
        (Rejected("credentials", "status 401"), "ERROR", "rejected (credentials): status 401"),
    ],
)
def test_the_end_has_the_level_of_its_outcome(log, outcome, level, text):
    (record,) = log(ended(outcome, "11\u202e26"))
    assert record.levelname == level
    assert record.getMessage() == f"the watch of import 11\\u202e26 ended as {text}"


def test_the_end_of_a_watch_that_never_saw_its_import(log):
    (record,) = log(Ended("1126", 61.0, TimedOut("consent"), State.INITIALIZING, None, seen=False))
    text = "the watch of import 1126 ended as timed-out (consent), and no response ever listed the import"
    assert record.getMessage() == text
    assert getattr(record, "spongewatch.seen") is False


def test_an_import_without_an_id(log):
    (record,) = log(*ImportMachine().feed([ImportEvent("INITIALIZING", "INPROGRESS")]))
    assert record.getMessage() == "import without an id waits for the person's consent"
    assert getattr(record, "spongewatch.import_id") is None
    assert getattr(record, "spongewatch.at") is None


def test_one_record_a_change_and_none_a_poll(log):
    records = log(*replay(TRACES / "completes.jsonl"))  # eleven polls, four of them with news
    kinds = [getattr(record, "spongewatch.trigger", "ended") for record in records]
    assert kinds == ["start", "initialize", "progress", "progress", "progress", "gather", "complete", "ended"]


def test_the_extra_of_a_record_is_the_item_as_json_made_flat(log):
    for item, record in zip(EACH_KIND, log(*EACH_KIND), strict=True):
        extra = {name: value for name, value in vars(record).items() if name.startswith("spongewatch.")}
        assert extra == flat(item.to_json())
        assert [*extra][:3] == ["spongewatch.kind", "spongewatch.at", "spongewatch.import_id"]


def test_some_members_of_the_extra(log):
    record, ending = log(failing(264), ended(Completed(2)))
    assert getattr(record, "spongewatch.kind") == "transition"
    assert getattr(record, "spongewatch.import_id") == "1126"
    assert getattr(record, "spongewatch.at") == 12.34
    assert getattr(record, "spongewatch.event.type") == "INITIALIZING"
    assert getattr(record, "spongewatch.failure.remedy") == "TRY_AGAIN"
    assert getattr(ending, "spongewatch.failure") is None


def test_text_in_the_extra_can_not_act_on_a_terminal_either(log):
    (record,) = log(Anomaly("1126", 0.0, "odd-value", ImportEvent("GATHERING", "INPROGRESS", None, "\x1b[2J\n5")))
    assert getattr(record, "spongewatch.event.odd_value") == "\\x1b[2J\\n5"


def test_the_extra_never_collides_with_the_names_of_a_record(log):
    own = {
        *vars(logging.makeLogRecord({})),
        *dir(logging.LogRecord),
        *("message", "asctime", "exc_text", "stack_info", "taskName"),
    }
    for record in log(*EACH_KIND):
        added = {name for name in vars(record) if name not in own}
        assert {name.split(".")[0] for name in added} == {"spongewatch"}
        assert own.isdisjoint(flat(EACH_KIND[0].to_json()))
        assert record.name == "spongewatch"
        assert record.module == "logging_adapter"


def test_messages_are_put_together_only_where_they_are_written(log):
    (record,) = log(POLL_FAILED)
    assert record.msg == "a poll of import %s failed, %s in a row: %s"
    assert record.args == ("1126", "1", "status 503; the next is at 2.4 s")


def test_nothing_is_computed_where_the_level_is_off(monkeypatch):
    def computed(*arguments):
        raise AssertionError("computed")

    monkeypatch.setattr("spongewatch.adapters.observers.logging_adapter._sentence", computed)
    monkeypatch.setattr("spongewatch.adapters.observers.logging_adapter._flat", computed)
    logger = logging.Logger("a.logger", logging.WARNING)
    LoggingAdapter(logger)(steps()[0])
    with pytest.raises(AssertionError, match="computed"):
        LoggingAdapter(logger)(POLL_FAILED)


@pytest.mark.parametrize(
    ("given", "name"),
    [(None, "spongewatch"), ("my.imports", "my.imports"), (logging.getLogger("my.own"), "my.own")],
)
def test_the_logger_is_given_as_it_is_or_by_name(given, name, caplog):
    LoggingAdapter(given)(POLL_FAILED)
    assert [record.name for record in caplog.records] == [name]


@pytest.mark.parametrize("given", [0, logging, logging.LoggerAdapter(logging.getLogger())])
def test_anything_else_is_no_logger(given):
    with pytest.raises(LocalProtocolError, match=r"a logger is a logging\.Logger or the name of one, not "):
        LoggingAdapter(given)


def test_without_the_adapter_the_library_is_silent(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    list(replay(TRACES / "fails.jsonl"))
    assert [record for record in caplog.records if record.name.startswith("spongewatch")] == []
    assert capfd.readouterr() == ("", "")


def test_structlog_sees_the_extra():
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    assert written_by(formatter, *EACH_KIND) == [
        {
            **flat(item.to_json()),
            "event": message,
            "level": "warning",
        }
        for item, message in zip(EACH_KIND, messages(), strict=True)
    ]


def test_python_json_logger_sees_the_extra():
    assert written_by(JsonFormatter("%(levelname)s %(message)s"), *EACH_KIND) == [
        {
            **flat(item.to_json()),
            "message": message,
            "levelname": "WARNING",
        }
        for item, message in zip(EACH_KIND, messages(), strict=True)
    ]


def test_a_plain_format_can_name_the_extra():
    # One plain name at the least has to stand in a format, or `logging` refuses it.
    formatter = logging.Formatter('{"level": "%(levelname)s", "kind": "%(spongewatch.kind)s"}')
    assert written_by(formatter, POLL_FAILED) == [{"level": "WARNING", "kind": "poll-failed"}]


def messages():
    why = "The provider's address book can't be reached for the moment."
    return [
        f"import 1126 failed in INITIALIZING with the error code 264: {why}",
        "import 1126 has an unexpected row, unlisted-row: SUBMITTING INPROGRESS 50",
        "a poll of import 1126 failed, 1 in a row: status 503; the next is at 2.4 s",
        f"the watch of import 1126 ended as failed in GATHERING with the error code 264: {why}",
    ]

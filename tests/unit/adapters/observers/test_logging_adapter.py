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
    InvalidType,
    LostContact,
    PollFailed,
    Rejected,
    State,
    TimedOut,
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
    """Log the items and return their records."""
    caplog.set_level(logging.DEBUG)

    def records_of(*items):
        caplog.clear()
        adapter = LoggingAdapter()
        for item in items:
            adapter(item)
        return list(caplog.records)

    return records_of


def written_by(formatter, *items):
    """Log the items with `formatter`, which writes JSON, and return the objects that it writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("a.logger")
    logger.addHandler(handler)
    for item in items:
        LoggingAdapter(logger)(item)
    return [json.loads(text) for text in stream.getvalue().splitlines()]


def flat(obj, prefix="spongewatch."):
    return {
        key: flat_value
        for name, value in obj.items()
        for key, flat_value in (
            flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        ).items()
    }


def test_transitions_are_logged_at_info(log):
    assert [(record.levelname, record.getMessage()) for record in log(*steps())] == [
        ("INFO", "import 1126: INITIALIZING: waiting for the person's consent"),
        ("INFO", "import 1126: GATHERING: gathering contacts"),
        ("INFO", "import 1126: GATHERING: 1 contact so far"),
        ("INFO", "import 1126: GATHERING: 2,340 contacts in total"),
        ("INFO", "import 1126: COMPLETE: done"),
    ]


@pytest.mark.parametrize(
    ("code", "text"),
    [(264, "with error code 264"), (0, "without an error code")],
)
def test_an_import_that_fails_is_a_warning(log, code, text):
    (record,) = log(failing(code))
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"import 1126: ERROR: failed {text}"


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
    assert record.getMessage() == f"import 1126: anomaly: unlisted-row: {text}"


def test_a_failed_poll_is_a_warning(log):
    with_retry, without = log(POLL_FAILED, PollFailed("1126", 1.0, 2, "a\u202eb", None))
    assert with_retry.levelname == without.levelname == "WARNING"
    assert with_retry.getMessage() == "import 1126: poll failed: status 503; next poll at 2.4 s"
    assert without.getMessage() == "import 1126: poll failed: a\\u202eb (2 in a row)"


@pytest.mark.parametrize(
    ("outcome", "level", "text"),
    [
        (Completed(0), "INFO", "completed with 0 contacts"),
        (Cancelled(), "INFO", "stopped watching; "),
        (Failed(FAILURE), "WARNING", "failed in GATHERING with error code 264: "),
        (Abandoned(ImportFailure.of(517, State.INITIALIZING)), "WARNING", "abandoned in INITIALIZING with error code"),
        (TimedOut("consent"), "WARNING", "consent_timeout expired"),
        (LostContact("wh\ny"), "ERROR", "lost contact: wh\\ny"),
        (Rejected("credentials", "status 401"), "ERROR", "the service rejected the credentials: status 401"),
    ],
)
def test_the_end_has_the_level_of_its_outcome(log, outcome, level, text):
    (record,) = log(ended(outcome, "11\u202e26"))
    assert record.levelname == level
    assert record.getMessage().startswith(f"watch of import 11\\u202e26 ended: {text}")


def test_the_end_of_a_watch_that_never_saw_its_import(log):
    (record,) = log(Ended("1126", 61.0, TimedOut("consent"), State.INITIALIZING, None, seen=False))
    text = "consent_timeout expired; no response listed the import, so its state is unknown"
    assert record.getMessage() == f"watch of import 1126 ended: {text}"
    assert getattr(record, "spongewatch.seen") is False


def test_an_import_without_an_id(log):
    (record,) = log(*ImportMachine().feed([ImportEvent("INITIALIZING", "INPROGRESS")]))
    assert record.getMessage() == "import (no id): INITIALIZING: waiting for the person's consent"
    assert getattr(record, "spongewatch.import_id") is None
    assert getattr(record, "spongewatch.at") is None


def test_each_change_is_logged_once_and_polls_without_news_are_not(log):
    records = log(*replay(TRACES / "completes.jsonl"))  # eleven polls, four of them with news
    kinds = [getattr(record, "spongewatch.trigger", "ended") for record in records]
    assert kinds == ["start", "initialize", "progress", "progress", "progress", "gather", "complete", "ended"]


def test_the_extra_is_the_flattened_json_of_the_item(log):
    for item, record in zip(EACH_KIND, log(*EACH_KIND), strict=True):
        extra = {name: value for name, value in vars(record).items() if name.startswith("spongewatch.")}
        assert extra == flat(item.to_json())
        assert [*extra][:3] == ["spongewatch.kind", "spongewatch.at", "spongewatch.import_id"]


def test_some_keys_of_the_extra(log):
    record, ending = log(failing(264), ended(Completed(2)))
    assert getattr(record, "spongewatch.kind") == "transition"
    assert getattr(record, "spongewatch.import_id") == "1126"
    assert getattr(record, "spongewatch.at") == 12.34
    assert getattr(record, "spongewatch.event.type") == "INITIALIZING"
    assert getattr(record, "spongewatch.failure.remedy") == "TRY_AGAIN"
    assert getattr(ending, "spongewatch.failure") is None


def test_unprintable_characters_in_the_extra_are_escaped(log):
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


def test_the_message_is_a_template_for_each_kind_of_item(log):
    (record,) = log(POLL_FAILED)
    assert record.msg == "import %s: poll failed: %s"
    assert record.args == ("1126", "status 503; next poll at 2.4 s")


def test_nothing_is_computed_if_the_level_is_disabled(monkeypatch):
    def computed(*arguments):
        raise AssertionError("computed")

    monkeypatch.setattr("spongewatch.adapters.observers.logging_adapter.description_of", computed)
    monkeypatch.setattr("spongewatch.adapters.observers.logging_adapter._flat", computed)
    logger = logging.Logger("a.logger", logging.WARNING)
    LoggingAdapter(logger)(steps()[0])
    with pytest.raises(AssertionError, match="computed"):
        LoggingAdapter(logger)(POLL_FAILED)


@pytest.mark.parametrize(
    ("given", "name"),
    [(None, "spongewatch"), ("my.imports", "my.imports"), (logging.getLogger("my.own"), "my.own")],
)
def test_the_logger_may_be_an_object_or_a_name(given, name, caplog):
    LoggingAdapter(given)(POLL_FAILED)
    assert [record.name for record in caplog.records] == [name]


@pytest.mark.parametrize("given", [0, logging, logging.LoggerAdapter(logging.getLogger())])
def test_other_types_of_logger_are_refused(given):
    with pytest.raises(InvalidType, match=r"logger must be a logging\.Logger or a str, not "):
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
    # `logging` refuses a format without any name that it knows.
    formatter = logging.Formatter('{"level": "%(levelname)s", "kind": "%(spongewatch.kind)s"}')
    assert written_by(formatter, POLL_FAILED) == [{"level": "WARNING", "kind": "poll-failed"}]


def messages():
    why = "The provider's address book can't be reached for the moment. Try again: a new import may succeed."
    return [
        "import 1126: ERROR: failed with error code 264",
        "import 1126: anomaly: unlisted-row: SUBMITTING INPROGRESS 50",
        "import 1126: poll failed: status 503; next poll at 2.4 s",
        f"watch of import 1126 ended: failed in GATHERING with error code 264: {why}",
    ]

import json

import pytest

from spongewatch import (
    Abandoned,
    Completed,
    Credentials,
    ImportEvent,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    LostContact,
    PollPolicy,
    Request,
    Response,
    SpongewatchError,
    TimedOut,
    TransportError,
    decode,
)
from spongewatch.transports import RecordingError, Scenario, Transport, VirtualClock, open_recording, wait
from spongewatch.transports.recordings.recording import Exchange
from spongewatch.transports.testing import PlayedPoll, ScriptedService

CREDENTIALS = Credentials("key", "password")
REQUEST = Request("GET", "https://api.example/events/1126.json")
WAITING = "INITIALIZING INPROGRESS 0"
COMPLETES = "docs/traces/completes.jsonl"


class Recorded:
    """A recording that consists of these exchanges."""

    import_id = None
    policy = PollPolicy()

    def __init__(self, *exchanges):
        self.exchanges = exchanges

    def entries(self):
        yield from self.exchanges


def outcome_of(service, import_id="1126", **settings):
    transport: Transport = service
    return wait(import_id, CREDENTIALS, transport=transport, clock=service.clock, **settings)


def send(service, *moments, timeout=10.0, request=REQUEST):
    """Poll at these times, and return the result of the last poll."""
    for moment in moments:
        service.clock.move_to(moment)
        try:
            result = service.send(request, timeout=timeout)
        except TransportError as error:
            result = error
    return result


def rows_of(response):
    return list(decode(response.body, response.headers["content-type"]).events)


# Steps


def test_each_poll_gets_the_next_step():
    service = ScriptedService().reports(WAITING).responds(Response(503)).fails("reset").reports("COMPLETE COMPLETED 0")
    assert outcome_of(service) == Completed(None)
    assert len(service.polls) == 4
    assert service.complaints == ()


def test_rows_are_strings_or_events():
    service = ScriptedService().reports(
        WAITING, ImportEvent("GATHERING", "INPROGRESS", 5), "GATHERING COMPLETED", "GATHERING PENDING many"
    )
    assert rows_of(send(service, 0)) == [
        ImportEvent("INITIALIZING", "INPROGRESS", 0),
        ImportEvent("GATHERING", "INPROGRESS", 5),
        ImportEvent("GATHERING", "COMPLETED"),
        ImportEvent("GATHERING", "PENDING", odd_value="many"),
    ]


@pytest.mark.parametrize("row", ["GATHERING", "", "GATHERING INPROGRESS 5 6"])
def test_invalid_rows_are_refused(row):
    with pytest.raises(InvalidArgument, match="^rows must be like 'GATHERING INPROGRESS 5', not "):
        ScriptedService().reports(row)


@pytest.mark.parametrize("row", [5, None])
def test_rows_of_another_type_are_refused(row):
    with pytest.raises(InvalidType, match="^rows must be ImportEvents or strings, not "):
        ScriptedService().reports(row)


def test_a_response_has_the_import_id_and_the_echo_of_its_request():
    service = ScriptedService().reports(times=3)
    request = Request("GET", "https://api.example/events/1126.json?domain_password=secret&echo=a%20b")
    page = json.loads(send(service, 0, request=request).body)
    assert page == {"events": [], "import_id": 1126, "user_id": None, "echo": "a b"}
    assert json.loads(send(service, 1, request=Request("GET", "/events/ab_c")).body)["import_id"] == "ab_c"
    assert json.loads(send(service, 2, request=Request("GET", "/")).body)["import_id"] is None


def test_a_response_takes_its_time():
    service = ScriptedService().reports(WAITING, took=0.25).reports("COMPLETE COMPLETED 0")
    assert outcome_of(service) == Completed(None)
    assert [(poll.sent, poll.received) for poll in service.polls] == [(0.0, 0.25), (1.25, 1.25)]


def test_a_response_after_the_timeout_is_a_timeout():
    service = ScriptedService().responds(Response(200), took=60)
    error = send(service, 0, timeout=10.0)
    assert (str(error), service.clock.now()) == ("timeout: no response within 10 s", 10.0)


def test_a_timeout_takes_the_whole_timeout():
    service = ScriptedService().fails("timeout", "the host is down", permanent=True)
    error = send(service, 0, timeout=2.5)
    assert (str(error), error.permanent, service.clock.now()) == ("timeout: the host is down", True, 2.5)
    assert send(ScriptedService().fails("timeout"), 0, timeout=float("inf")).kind == "timeout"


def test_other_failures_are_immediate_by_default():
    service = ScriptedService().fails("reset").fails("refused", took=3)
    assert send(service, 0).kind == "reset"
    assert service.clock.now() == 0.0
    assert send(service, 1).kind == "refused"
    assert service.clock.now() == 4.0


def test_a_step_can_be_repeated():
    service = ScriptedService().reports(WAITING, times=3).reports("COMPLETE COMPLETED 0")
    assert outcome_of(service) == Completed(None)
    assert [poll.sent for poll in service.polls] == [0.0, 1.0, 2.0, 3.0]


def test_a_step_can_be_repeated_forever():
    service = ScriptedService().reports(WAITING).fails("refused", "nothing listens", times=None)
    outcome = outcome_of(service)
    assert isinstance(outcome, LostContact)
    assert "nothing listens" in outcome.detail
    assert service.complaints == ()


def test_each_failure_is_a_new_error():
    service = ScriptedService().fails("reset", times=2)
    first, second = send(service, 0), send(service, 1)
    assert first is not second


@pytest.mark.parametrize("times", [0, -1, 10**9])
def test_times_out_of_range_are_refused(times):
    with pytest.raises(InvalidArgument, match=f"^times must be from 1 to 100,000, or None, not {times}$"):
        ScriptedService().reports(WAITING, times=times)


@pytest.mark.parametrize(("times", "name"), [(1.5, "float"), (True, "bool"), ("2", "str")])
def test_times_of_another_type_are_refused(times, name):
    with pytest.raises(InvalidType, match=f"^times must be an int or None, not {name}$"):
        ScriptedService().reports(WAITING, times=times)


@pytest.mark.parametrize("took", [-0.1, float("inf"), float("nan")])
def test_invalid_took_is_refused(took):
    with pytest.raises(InvalidArgument, match="^took must be a number of seconds, not "):
        ScriptedService().fails("reset", took=took)


def test_took_of_another_type_is_refused():
    with pytest.raises(InvalidType, match="^took must be a number of seconds, not str$"):
        ScriptedService().fails("reset", took="1")


def test_only_responses_are_accepted():
    with pytest.raises(InvalidType, match="^response must be a Response, not int$"):
        ScriptedService().responds(503)


def test_an_unknown_kind_of_error_is_refused():
    with pytest.raises(SpongewatchError, match="dns"):
        ScriptedService().fails("boredom")


@pytest.mark.parametrize("add", [lambda s: s.reports(WAITING, times=None), lambda s: s.plays("stuck")])
def test_no_step_can_follow_one_that_is_repeated_forever(add):
    with pytest.raises(LocalProtocolError, match="no step can be added: the last one is repeated forever, "):
        add(ScriptedService()).reports(WAITING)


def test_steps_can_be_added_while_it_plays():
    service = ScriptedService().reports(WAITING)
    send(service, 0)
    service.responds(Response(404))
    assert send(service, 1) == Response(404)
    assert service.complaints == ()


# Scenarios


def test_a_scenario_is_played_as_time_goes_by():
    service = ScriptedService().plays("completes")
    assert outcome_of(service) == Completed(2001)
    assert service.complaints == ()


def test_a_scenario_starts_at_its_first_poll():
    service = ScriptedService(VirtualClock()).plays("abandoned")
    service.clock.move_to(1000.1)
    assert isinstance(outcome_of(service), Abandoned)
    assert service.polls[-1].received == 1003.1


def test_the_steps_of_a_scenario_are_exact_to_the_millisecond():
    service = ScriptedService().plays(Scenario("soon", ((0.0, ()), (0.2, (ImportEvent("COMPLETE", "COMPLETED"),)))))
    service.interval = 0.2
    send(service, 0.1)
    assert rows_of(send(service, 0.3)) == [ImportEvent("COMPLETE", "COMPLETED")]
    assert service.complaints == ()


def test_a_scenario_may_never_end():
    service = ScriptedService().plays("consent-never")
    assert outcome_of(service, timeout=30) == TimedOut("total")
    assert service.complaints == ()


def test_a_scenario_is_not_over_after_a_fault():
    scenario = Scenario("one\nfault", ((0.0, ()), (1.0, ())), {2: Response(503)})
    service = ScriptedService().plays(scenario)
    assert send(service, 0).status == 200
    assert send(service, 1).status == 503
    assert service.complaints == (r'the scenario "one\nfault" was not played to its end, 1.0 s after its first poll',)
    assert send(service, 2).status == 200
    assert service.complaints == ()
    assert ScriptedService().plays(scenario).complaints == (r'1 of 1 steps left unplayed: the scenario "one\nfault"',)


def test_a_scenario_is_over_after_its_last_rows():
    service = ScriptedService().plays(Scenario("late", ((0.0, ()),), {2: Response(503)}))
    send(service, 0, 1)
    assert service.complaints == ()


def test_an_unknown_scenario_is_refused():
    with pytest.raises(InvalidArgument, match="^scenario must be one of completes, "):
        ScriptedService().plays("telepathy")


# Recordings


def test_a_recording_is_played_at_the_recorded_times():
    service = ScriptedService().replays(COMPLETES)
    assert outcome_of(service) == Completed(2001)
    exchanges = [entry for entry in open_recording(COMPLETES).entries() if isinstance(entry, Exchange)]
    assert [(poll.sent, poll.received) for poll in service.polls] == [(item.sent, item.received) for item in exchanges]
    assert service.complaints == ()


def test_a_recording_starts_at_its_first_poll_and_may_be_open_already():
    service = ScriptedService().replays(open_recording("docs/traces/abandoned.jsonl"))
    service.clock.move_to(60)
    assert isinstance(outcome_of(service, "1127"), Abandoned)
    assert service.clock.now() == 68.128
    assert service.complaints == ()


def test_the_clock_never_goes_back():
    service = ScriptedService().replays(COMPLETES)
    send(service, 0, 500, 600)
    assert [poll.received for poll in service.polls] == [0.184, 500.0, 600.0]


@pytest.mark.parametrize("first", [0.0, 5.0])
def test_the_times_of_a_recording_count_from_its_first_request(first):
    times = [(first, first), (first + 0.2, first + 0.2), (first + 1.0, first + 1.5)]
    service = ScriptedService().replays(
        Recorded(*(Exchange(sent, received, Response(404)) for sent, received in times))
    )
    send(service, 0.1, 0.3, 0.9)
    assert [poll.received for poll in service.polls] == [0.1, 0.3, 1.6]


def test_a_recorded_error_is_raised():
    service = ScriptedService().replays("docs/traces/fails.jsonl")
    reasons = []
    wait(
        "1128",
        CREDENTIALS,
        transport=service,
        clock=service.clock,
        observers=[lambda item: reasons.append(getattr(item, "reason", None))],
    )
    assert [reason for reason in reasons if reason] == ["status 503", "timeout: no response within 10 s"]
    assert service.complaints == ()


def test_an_unplayed_recorded_response_is_a_complaint():
    service = ScriptedService().replays(COMPLETES)
    send(service, *range(0, 20, 2))
    assert service.complaints == ("1 of 11 steps left unplayed: recorded response 11, responds 200",)


def test_a_damaged_recording_is_refused_immediately(tmp_path):
    trace = tmp_path / "broken.jsonl"
    trace.write_text(
        '{"spongewatch-trace": 1}\nnonsense\n{"t": 0.0, "took": 0.1, "status": 200, "headers": {}, "body": ""}\n'
    )
    with pytest.raises(RecordingError, match="line 2"):
        ScriptedService().replays(trace)


# Complaints


def test_an_unused_service_has_no_complaints():
    assert ScriptedService().complaints == ()


def test_unplayed_steps_are_a_complaint():
    service = ScriptedService().reports(WAITING).fails("timeout").responds(Response(503)).reports()
    service.reports(ImportEvent("GATHERING", "INPROGRESS", odd_value="\x1b"), "COMPLETE COMPLETED")
    send(service, 0)
    assert service.complaints == (
        "4 of 5 steps left unplayed: fails timeout; responds 503; reports no rows; and 1 more",
    )
    send(service, 2, 20, 30)
    assert service.complaints == (r"1 of 5 steps left unplayed: reports GATHERING INPROGRESS \x1b, COMPLETE COMPLETED",)


def test_a_recording_of_another_import_is_one_complaint():
    service = ScriptedService().replays("docs/traces/fails.jsonl").reports(WAITING)
    send(service, 0, 2, 4)
    assert service.complaints[0] == "the recording is of import 1128, but import 1126 was polled"
    assert [complaint.split()[0] for complaint in service.complaints] == ["the", "5"]


@pytest.mark.parametrize("import_id", [None, "1126"], ids=["unknown", "no import"])
def test_an_unknown_import_is_no_complaint(import_id):
    recorded = Recorded(Exchange(0.0, 0.1, Response(404)))
    recorded.import_id = import_id
    service = ScriptedService().replays(recorded)
    send(service, 0, request=REQUEST if import_id is None else Request("GET", "https://api.example/"))
    assert service.complaints == ()


def test_unplayed_steps_can_be_allowed():
    service = ScriptedService().reports(WAITING).reports(WAITING)
    service.to_the_end = False
    assert service.complaints == ()
    service = ScriptedService().plays("completes")
    service.to_the_end = False
    send(service, 0)
    assert service.complaints == ()


def test_a_poll_after_the_end_ends_the_watch_and_is_a_complaint():
    service = ScriptedService().reports(WAITING, times=2)
    assert outcome_of(service) == LostContact("exhausted: the script ends before the import does")
    assert service.complaints == ("poll 3 at 2.0 s was after the end of the script, which has 2 steps",)


def test_a_poll_after_the_end_stays_a_complaint_if_steps_are_added():
    service = ScriptedService()
    send(service, 0, 1)
    service.reports(WAITING)
    assert send(service, 2).status == 200
    assert service.complaints == ("poll 1 at 0.0 s was after the end of the script, which has 0 steps",)


def test_polls_too_soon_are_complaints():
    service = ScriptedService().reports(took=0.2, times=3)
    send(service, 0, 1.2, 1.8)
    assert service.complaints == ("poll 3 was sent 0.4 s after the end of poll 2, at 1.8 s; the service requires 1 s",)


def test_a_poll_exactly_at_the_floor_is_not_too_soon():
    service = ScriptedService().reports(took=0.1, times=200)
    outcome_of(service)
    assert len(service.polls) > 200
    assert len(service.complaints) == 1  # about the poll after the end


def test_polls_at_the_same_time_hint_at_another_clock():
    service = ScriptedService().reports(times=6)
    send(service, 0, 0, 0, 0, 0, 1)
    assert service.complaints == (
        *(
            f"poll {number} was sent 0.0 s after the end of poll {number - 1}, at 0.0 s; the service requires 1 s "
            "(does the code that polls use this service's clock?)"
            for number in (2, 3, 4)
        ),
        "1 more of 6 polls were sent too soon",
    )


def test_a_shorter_interval_can_be_allowed():
    service = ScriptedService().reports(WAITING, times=2).reports("COMPLETE COMPLETED")
    service.interval = 0.05
    base_url, policy = "https://imports.example", PollPolicy(interval=0.05)
    assert outcome_of(service, base_url=base_url, policy=policy) == Completed(None)
    assert [poll.sent for poll in service.polls] == [0.0, 0.05, 0.1]
    assert service.complaints == ()


# Polls


def test_polls_keep_their_requests_without_showing_secrets():
    service = ScriptedService().reports("COMPLETE COMPLETED").reports(WAITING)
    outcome_of(service)
    assert service.polls[0].request.headers["authorization"] == CREDENTIALS.basic()
    assert repr(service.polls) == "[PlayedPoll(sent=0.0, received=0.0, request=Request(method='GET'))]"
    assert isinstance(service.polls[0], PlayedPoll)
    assert repr(service) == "<ScriptedService 1 of 2 steps played, 1 polls>"


def test_close_can_be_called_twice():
    service = ScriptedService()
    service.close()
    service.close()

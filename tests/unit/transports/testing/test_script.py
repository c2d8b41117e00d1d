import json

import pytest

from spongewatch import (
    Abandoned,
    Completed,
    Credentials,
    ImportEvent,
    InvalidArgument,
    LocalProtocolError,
    LostContact,
    PollPolicy,
    Request,
    Response,
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
    """A recording of these exchanges."""

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
    """Polls that leave at these moments; gives what came of the last one."""
    for moment in moments:
        service.clock.move_to(moment)
        try:
            got = service.send(request, timeout=timeout)
        except TransportError as error:
            got = error
    return got


def rows_of(response):
    return list(decode(response.body, response.headers["content-type"]).events)


# What a step gives


def test_each_poll_gets_the_next_step():
    service = ScriptedService().answers(WAITING).responds(Response(503)).fails("reset").answers("COMPLETE COMPLETED 0")
    assert outcome_of(service) == Completed(None)
    assert len(service.polls) == 4
    assert service.complaints == ()


def test_rows_are_texts_or_events():
    service = ScriptedService().answers(
        WAITING, ImportEvent("GATHERING", "INPROGRESS", 5), "GATHERING COMPLETED", "GATHERING PENDING many"
    )
    assert rows_of(send(service, 0)) == [
        ImportEvent("INITIALIZING", "INPROGRESS", 0),
        ImportEvent("GATHERING", "INPROGRESS", 5),
        ImportEvent("GATHERING", "COMPLETED"),
        ImportEvent("GATHERING", "PENDING", odd_value="many"),
    ]


@pytest.mark.parametrize("row", ["GATHERING", "", "GATHERING INPROGRESS 5 6", "GATHERING CAFÉ", 5, None])
def test_what_is_no_row_is_refused(row):
    with pytest.raises((InvalidArgument, LocalProtocolError), match="row|status must be"):
        ScriptedService().answers(row)


def test_an_answer_names_the_import_that_was_asked_for_and_hands_the_echo_back():
    service = ScriptedService().answers(times=3)
    request = Request("GET", "https://api.example/events/1126.json?domain_password=secret&echo=a%20b")
    page = json.loads(send(service, 0, request=request).body)
    assert page == {"events": [], "import_id": 1126, "user_id": None, "echo": "a b"}
    assert json.loads(send(service, 1, request=Request("GET", "/events/ab_c")).body)["import_id"] == "ab_c"
    assert json.loads(send(service, 2, request=Request("GET", "/")).body)["import_id"] is None


def test_an_answer_takes_its_time():
    service = ScriptedService().answers(WAITING, took=0.25).answers("COMPLETE COMPLETED 0")
    assert outcome_of(service) == Completed(None)
    assert [(poll.sent, poll.came) for poll in service.polls] == [(0.0, 0.25), (1.25, 1.25)]


def test_what_takes_longer_than_a_request_may_is_a_time_out():
    service = ScriptedService().responds(Response(200), took=60)
    error = send(service, 0, timeout=10.0)
    assert (str(error), service.clock.now()) == ("timeout: no answer within 10 s", 10.0)


def test_a_time_out_takes_as_long_as_the_request_may():
    service = ScriptedService().fails("timeout", "nobody is there", permanent=True)
    error = send(service, 0, timeout=2.5)
    assert (str(error), error.permanent, service.clock.now()) == ("timeout: nobody is there", True, 2.5)
    assert send(ScriptedService().fails("timeout"), 0, timeout=float("inf")).kind == "timeout"


def test_another_failure_comes_at_once_or_when_it_is_said_to():
    service = ScriptedService().fails("reset").fails("refused", took=3)
    assert send(service, 0).kind == "reset"
    assert service.clock.now() == 0.0
    assert send(service, 1).kind == "refused"
    assert service.clock.now() == 4.0


def test_a_step_may_be_played_several_times():
    service = ScriptedService().answers(WAITING, times=3).answers("COMPLETE COMPLETED 0")
    assert outcome_of(service) == Completed(None)
    assert [poll.sent for poll in service.polls] == [0.0, 1.0, 2.0, 3.0]


def test_a_step_may_go_on_for_ever():
    service = ScriptedService().answers(WAITING).fails("refused", "nobody listens", times=None)
    outcome = outcome_of(service)
    assert isinstance(outcome, LostContact)
    assert "nobody listens" in outcome.detail
    assert service.complaints == ()


def test_an_error_that_is_raised_again_holds_no_earlier_traceback():
    service = ScriptedService().fails("reset", times=2)
    first, second = send(service, 0), send(service, 1)
    assert first is not second


@pytest.mark.parametrize("times", [0, -1, 1.5, True, "2", 10**9])
def test_what_is_no_number_of_times_is_refused(times):
    with pytest.raises(LocalProtocolError, match="times is a whole number from 1 to 100,000, or None for ever, not"):
        ScriptedService().answers(WAITING, times=times)


@pytest.mark.parametrize("took", [-0.1, float("inf"), float("nan"), "1"])
def test_what_is_no_time_is_refused(took):
    with pytest.raises(LocalProtocolError, match="took is a number of seconds, not"):
        ScriptedService().fails("reset", took=took)


def test_what_is_no_answer_is_refused():
    with pytest.raises(LocalProtocolError, match=r"responds takes a Response, such as Response\(503\), not 503"):
        ScriptedService().responds(503)


def test_an_unknown_kind_of_failure_is_refused():
    with pytest.raises(InvalidArgument, match="kind must be one of"):
        ScriptedService().fails("boredom")


@pytest.mark.parametrize("add", [lambda s: s.answers(WAITING, times=None), lambda s: s.plays("stuck")])
def test_nothing_comes_after_what_goes_on_for_ever(add):
    with pytest.raises(LocalProtocolError, match="the step before this one goes on for ever: "):
        add(ScriptedService()).answers(WAITING)


def test_steps_may_be_added_while_it_plays():
    service = ScriptedService().answers(WAITING)
    send(service, 0)
    service.responds(Response(404))
    assert send(service, 1) == Response(404)
    assert service.complaints == ()


# Scenarios


def test_a_scenario_says_what_it_says_as_time_goes_by():
    service = ScriptedService().plays("completes")
    assert outcome_of(service) == Completed(2001)
    assert service.complaints == ()


def test_a_scenario_begins_with_its_first_poll():
    service = ScriptedService(VirtualClock()).plays("abandoned")
    service.clock.move_to(1000.1)
    assert isinstance(outcome_of(service), Abandoned)
    assert service.polls[-1].came == 1003.1


def test_the_steps_of_a_scenario_come_to_the_millisecond():
    service = ScriptedService().plays(Scenario("soon", ((0.0, ()), (0.2, (ImportEvent("COMPLETE", "COMPLETED"),)))))
    service.interval = 0.2
    send(service, 0.1)
    assert rows_of(send(service, 0.3)) == [ImportEvent("COMPLETE", "COMPLETED")]
    assert service.complaints == ()


def test_a_scenario_that_never_ends_goes_on():
    service = ScriptedService().plays("consent-never")
    assert outcome_of(service, timeout=30) == TimedOut("total")
    assert service.complaints == ()


def test_the_faults_of_a_scenario_are_played_and_are_none_of_its_rows():
    scenario = Scenario("one\nfault", ((0.0, ()), (1.0, ())), {2: Response(503)})
    service = ScriptedService().plays(scenario)
    assert send(service, 0).status == 200
    assert send(service, 1).status == 503
    assert service.complaints == (
        r'the scenario "one\nfault" was left before its last rows, which come 1.0 s after its first poll',
    )
    assert send(service, 2).status == 200
    assert service.complaints == ()
    assert ScriptedService().plays(scenario).complaints == (r'1 of 1 steps left unplayed: the scenario "one\nfault"',)


def test_a_fault_after_the_last_rows_leaves_the_scenario_played():
    service = ScriptedService().plays(Scenario("late", ((0.0, ()),), {2: Response(503)}))
    send(service, 0, 1)
    assert service.complaints == ()


def test_an_unknown_scenario_is_refused():
    with pytest.raises(LocalProtocolError, match="there is no scenario"):
        ScriptedService().plays("telepathy")


# Recordings


def test_a_recording_is_played_at_its_own_moments():
    service = ScriptedService().replays(COMPLETES)
    assert outcome_of(service) == Completed(2001)
    exchanges = [entry for entry in open_recording(COMPLETES).entries() if isinstance(entry, Exchange)]
    assert [(poll.sent, poll.came) for poll in service.polls] == [(item.sent, item.came) for item in exchanges]
    assert service.complaints == ()


def test_a_recording_begins_with_its_first_poll_and_may_be_open_already():
    service = ScriptedService().replays(open_recording("docs/traces/abandoned.jsonl"))
    service.clock.move_to(60)
    assert isinstance(outcome_of(service, "1127"), Abandoned)
    assert service.clock.now() == 68.128
    assert service.complaints == ()


def test_the_clock_never_goes_back_to_a_recorded_moment():
    service = ScriptedService().replays(COMPLETES)
    send(service, 0, 500, 600)
    assert [poll.came for poll in service.polls] == [0.184, 500.0, 600.0]


@pytest.mark.parametrize("first", [0.0, 5.0])
def test_the_times_of_a_recording_count_from_its_first_request(first):
    times = [(first, first), (first + 0.2, first + 0.2), (first + 1.0, first + 1.5)]
    service = ScriptedService().replays(Recorded(*(Exchange(sent, came, Response(404)) for sent, came in times)))
    send(service, 0.1, 0.3, 0.9)
    assert [poll.came for poll in service.polls] == [0.1, 0.3, 1.6]


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
    assert [reason for reason in reasons if reason] == ["status 503", "timeout: no answer within 10 s"]
    assert service.complaints == ()


def test_what_is_left_of_a_recording_is_named():
    service = ScriptedService().replays(COMPLETES)
    send(service, *range(0, 20, 2))
    assert service.complaints == ("1 of 11 steps left unplayed: recorded answer 11, responds 200",)


def test_a_broken_recording_is_refused_before_it_is_played(tmp_path):
    trace = tmp_path / "broken.jsonl"
    trace.write_text(
        '{"spongewatch-trace": 1}\nnonsense\n{"t": 0.0, "took": 0.1, "status": 200, "headers": {}, "body": ""}\n'
    )
    with pytest.raises(RecordingError, match="line 2"):
        ScriptedService().replays(trace)


# Complaints


def test_a_service_that_was_not_asked_anything_has_nothing_to_complain_of():
    assert ScriptedService().complaints == ()


def test_steps_that_were_not_played_are_named():
    service = ScriptedService().answers(WAITING).fails("timeout").responds(Response(503)).answers()
    service.answers(ImportEvent("GATHERING", "INPROGRESS", odd_value="\x1b"), "COMPLETE COMPLETED")
    send(service, 0)
    assert service.complaints == (
        "4 of 5 steps left unplayed: fails timeout; responds 503; answers no rows; and 1 more",
    )
    send(service, 2, 20, 30)
    assert service.complaints == (r"1 of 5 steps left unplayed: answers GATHERING INPROGRESS \x1b, COMPLETE COMPLETED",)


def test_a_recording_of_another_import_is_told_once():
    service = ScriptedService().replays("docs/traces/fails.jsonl").answers(WAITING)
    send(service, 0, 2, 4)
    assert service.complaints[0] == "the recording is of import 1128; 1126 was asked for"
    assert [said.split()[0] for said in service.complaints] == ["the", "5"]


@pytest.mark.parametrize("import_id", [None, "1126"], ids=["unknown", "no import"])
def test_nobody_is_told_that_a_recording_is_of_another_import_where_that_is_not_known(import_id):
    recorded = Recorded(Exchange(0.0, 0.1, Response(404)))
    recorded.import_id = import_id
    service = ScriptedService().replays(recorded)
    send(service, 0, request=REQUEST if import_id is None else Request("GET", "https://api.example/"))
    assert service.complaints == ()


def test_part_of_a_script_may_be_allowed_to_stay_unplayed():
    service = ScriptedService().answers(WAITING).answers(WAITING)
    service.to_the_end = False
    assert service.complaints == ()
    service = ScriptedService().plays("completes")
    service.to_the_end = False
    send(service, 0)
    assert service.complaints == ()


def test_a_poll_beyond_the_script_ends_the_watch_and_is_named():
    service = ScriptedService().answers(WAITING, times=2)
    assert outcome_of(service) == LostContact("exhausted: the script ends before the import does")
    assert service.complaints == ("poll 3 came at 2.0 s, after the last of the script's 2 steps",)


def test_a_poll_beyond_the_script_stays_a_fault_when_steps_are_added():
    service = ScriptedService()
    send(service, 0, 1)
    service.answers(WAITING)
    assert send(service, 2).status == 200
    assert service.complaints == ("poll 1 came at 0.0 s, after the last of the script's 0 steps",)


def test_polls_that_came_too_soon_are_named():
    service = ScriptedService().answers(took=0.2, times=3)
    send(service, 0, 1.2, 1.8)
    assert service.complaints == (
        "poll 3 came 0.4 s after the end of poll 2, at 1.8 s; the service allows no less than 1 s",
    )


def test_a_poll_right_at_the_floor_is_not_too_soon():
    service = ScriptedService().answers(took=0.1, times=200)
    outcome_of(service)
    assert len(service.polls) > 200
    assert len(service.complaints) == 1  # of the poll beyond


def test_polls_between_which_no_time_went_by_are_perhaps_on_another_clock():
    service = ScriptedService().answers(times=6)
    send(service, 0, 0, 0, 0, 0, 1)
    assert service.complaints == (
        *(
            f"poll {number} came 0.0 s after the end of poll {number - 1}, at 0.0 s; the service allows no less than 1 s "
            "(does the code that polls sleep on this clock?)"
            for number in (2, 3, 4)
        ),
        "1 more of 6 polls came too soon",
    )


def test_a_service_may_allow_more_polls_a_second():
    service = ScriptedService().answers(WAITING, times=2).answers("COMPLETE COMPLETED")
    service.interval = 0.05
    base_url, policy = "https://imports.example", PollPolicy(interval=0.05)
    assert outcome_of(service, base_url=base_url, policy=policy) == Completed(None)
    assert [poll.sent for poll in service.polls] == [0.0, 0.05, 0.1]
    assert service.complaints == ()


# What it shows


def test_polls_hold_their_requests_and_show_no_secret():
    service = ScriptedService().answers("COMPLETE COMPLETED").answers(WAITING)
    outcome_of(service)
    assert service.polls[0].request.headers["authorization"] == CREDENTIALS.basic()
    assert repr(service.polls) == "[PlayedPoll(sent=0.0, came=0.0, request=Request(method='GET'))]"
    assert isinstance(service.polls[0], PlayedPoll)
    assert repr(service) == "<ScriptedService 1 of 2 steps played, 1 polls>"


def test_it_may_be_closed_more_than_once():
    service = ScriptedService()
    service.close()
    service.close()

import pickle

import pytest

from spongewatch import (
    Abandoned,
    Anomaly,
    Completed,
    Failed,
    ImportMachine,
    InvalidArgument,
    Response,
    State,
)
from spongewatch.transports.simulator.scenarios import (
    CONSENTED,
    SCENARIOS,
    WAITING,
    Scenario,
    scenario_named,
)


def machine_after(name):
    machine = ImportMachine()
    items = [item for moment, _ in SCENARIOS[name].steps for item in machine.feed(SCENARIOS[name].rows_at(moment))]
    return machine, items


@pytest.mark.parametrize(
    ("name", "count"), [("completes", 2001), ("empty", 0), ("skips", 2340), ("odd", 12), ("flaky", 2001)]
)
def test_scenarios_that_complete(name, count):
    assert machine_after(name)[0].outcome == Completed(count)


@pytest.mark.parametrize(
    ("name", "kind", "code", "phase"),
    [("abandoned", Abandoned, 514, State.INITIALIZING), ("fails", Failed, 264, State.GATHERING)],
)
def test_scenarios_that_fail(name, kind, code, phase):
    outcome = machine_after(name)[0].outcome
    assert isinstance(outcome, kind)
    assert (outcome.failure.code, outcome.failure.phase) == (code, phase)


@pytest.mark.parametrize(("name", "state"), [("stuck", State.GATHERING), ("consent-never", State.INITIALIZING)])
def test_scenarios_that_never_end(name, state):
    assert machine_after(name)[0].state is state
    assert SCENARIOS[name].rows_at(1e9) == SCENARIOS[name].rows_at(3.0)


def test_consent_takes_3_seconds_and_gathering_2_with_growing_counts():
    completes = SCENARIOS["completes"]
    last = [completes.rows_at(second)[-1] for second in range(6)]
    assert last[:3] == [WAITING] * 3
    assert [(event.status, event.value) for event in last[3:]] == [
        ("INPROGRESS", 380),
        ("INPROGRESS", 1212),
        ("COMPLETED", 0),
    ]


def test_the_odd_scenario_has_every_anomaly_that_its_rows_can_have():
    _, items = machine_after("odd")
    odd = [(item.reason, item.event.type) for item in items if isinstance(item, Anomaly)]
    assert sorted(odd) == [
        ("odd-value", "GATHERING"),
        ("unlisted-row", "COMPLETE"),
        ("unlisted-row", "INITIALIZING"),
        ("unlisted-row", "SUBMITTING"),
    ]


def test_the_flaky_scenario_sends_503_and_drops_connections():
    faults = list(SCENARIOS["flaky"].faults.values())
    busy = [fault.headers["retry-after"] for fault in faults if isinstance(fault, Response)]
    assert busy == ["1", "1"]
    assert len(faults) == 4
    assert all(not SCENARIOS[name].faults for name in SCENARIOS if name != "flaky")


def test_each_scenario_has_a_description_of_one_line():
    assert list(SCENARIOS) == [
        "completes",
        "abandoned",
        "fails",
        "empty",
        "skips",
        "stuck",
        "consent-never",
        "odd",
        "flaky",
    ]
    for scenario in SCENARIOS.values():
        assert scenario.description
        assert "\n" not in scenario.description


def test_rows_are_sent_from_their_time_on():
    scenario = Scenario("two steps", ((0, (WAITING,)), (1.5, (CONSENTED,))))
    assert [scenario.rows_at(moment) for moment in (-1, 0, 1.499, 1.5, float("inf"))] == [
        (WAITING,),
        (WAITING,),
        (WAITING,),
        (CONSENTED,),
        (CONSENTED,),
    ]


@pytest.mark.parametrize("moments", [(), (1.0,), (0.0, 2.0, 2.0), (0.0, 2.0, 1.0), (0.0, float("nan"))])
def test_times_must_start_at_0_and_increase(moments):
    with pytest.raises(InvalidArgument, match="^steps must have times that start at 0 and increase$"):
        Scenario("", tuple((moment, ()) for moment in moments))


def test_the_faults_of_a_scenario_are_read_only():
    faults = {1: Response(503)}
    scenario = Scenario("", ((0.0, ()),), faults)
    faults.clear()
    assert scenario.faults == {1: Response(503)}
    with pytest.raises(TypeError):
        scenario.faults[2] = Response(503)


def test_an_unknown_name_raises_with_the_names():
    assert scenario_named("stuck") is SCENARIOS["stuck"]
    with pytest.raises(InvalidArgument) as caught:
        scenario_named("stuk\x1b")
    assert str(caught.value) == (
        "scenario must be one of completes, abandoned, fails, empty, skips, stuck, consent-never, odd, flaky, "
        'not "stuk\\u001b"'
    )


def test_a_scenario_can_be_pickled_with_its_faults():
    scenario = Scenario("one fault", ((0.0, ()),), {2: Response(503)})
    assert pickle.loads(pickle.dumps(scenario)) == scenario

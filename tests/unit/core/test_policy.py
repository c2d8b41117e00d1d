import json

import pytest

from spongewatch import InvalidType, LocalProtocolError, PollPolicy
from spongewatch.core.policy import BUDGETS, milliseconds

NAMES = list(PollPolicy().to_json())


def refusal(**settings):
    with pytest.raises(LocalProtocolError) as caught:
        PollPolicy(**settings)
    return str(caught.value)


def test_the_settings_that_hold_where_nothing_is_said():
    assert PollPolicy().to_json() == {
        "interval": 1.0,
        "request_timeout": 10.0,
        "consent_timeout": 900.0,
        "gathering_timeout": 600.0,
        "lost_contact_timeout": 120.0,
        "timeout": None,
        "not_found_grace": 10.0,
        "max_delay": 30.0,
    }


def test_budgets_and_nothing_else_may_be_none():
    assert PollPolicy(**dict.fromkeys(BUDGETS)).to_json() == {**PollPolicy().to_json(), **dict.fromkeys(BUDGETS)}
    for name in set(NAMES) - set(BUDGETS):
        assert refusal(**{name: None}).startswith(f"{name} is a number of seconds")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-1, "-1"),
        (0.0009, "0.0009"),
        (10**9 + 1, "1000000001"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (True, "true"),
        ("5", '"5"'),
        ("\x1b[2J", '"\\u001b[2J"'),
        ([], "[]"),
        pytest.param(10**5000, "(too long or too deep to show)", id="huge"),
    ],
)
def test_a_setting_out_of_range_is_named_and_shown(name, value, shown):
    if (name, value) == ("not_found_grace", 0.0009):
        assert PollPolicy(not_found_grace=value).not_found_grace == value
        return
    least = "0" if name == "not_found_grace" else "0.001"
    assert refusal(**{name: value}) == f"{name} is a number of seconds from {least} to 1,000,000,000, not {shown}"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"interval", "lost_contact_timeout"}))
def test_both_ends_of_the_range_are_in_it(name):
    for value in (0.001, 1, 10**9):
        assert getattr(PollPolicy(**{name: value}), name) == value


def test_no_grace_at_all():
    assert PollPolicy(not_found_grace=0).not_found_grace == 0


def test_an_interval_is_under_the_budget_for_lost_contact():
    assert PollPolicy(interval=119.9).interval == 119.9
    assert PollPolicy(interval=10**9, lost_contact_timeout=None).interval == 10**9
    assert refusal(interval=120) == (
        "an interval of 120 s is not under lost_contact_timeout, 120 s: contact would be lost between two polls"
    )
    assert "lost_contact_timeout, 0.5 s" in refusal(lost_contact_timeout=0.5)


def test_intervals_are_compared_as_they_are_counted_in_whole_milliseconds():
    assert "is not under lost_contact_timeout" in refusal(interval=1.0, lost_contact_timeout=1.0)
    assert "is not under lost_contact_timeout" in refusal(interval=1.0001, lost_contact_timeout=1.0009)
    assert PollPolicy(interval=1.0, lost_contact_timeout=1.0009).interval == 1.0


@pytest.mark.parametrize(
    ("seconds", "counted"), [(0.001, 1), (0.3, 300), (1.1, 1100), (1.0001, 1001), (1.001, 1001), (1e9, 10**12)]
)
def test_a_duration_is_rounded_up_and_noise_is_no_duration(seconds, counted):
    assert milliseconds(seconds) == counted


@pytest.mark.parametrize(
    "policy", [PollPolicy(), PollPolicy(interval=0.05, timeout=180, consent_timeout=None, lost_contact_timeout=7)]
)
def test_it_comes_back_from_json(policy):
    assert PollPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


def test_of_what_json_does_not_name_budgets_are_none_and_the_rest_is_as_ever():
    assert PollPolicy.from_json({}) == PollPolicy(**dict.fromkeys(BUDGETS))
    assert PollPolicy.from_json({"interval": 2, "unknown": [], "timeout": 7}) == PollPolicy(
        interval=2, consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None, timeout=7
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_member_of_json_is_named(name):
    with pytest.raises(LocalProtocolError, match=rf"^{name} is a number of seconds from .*, not \"soon\"$"):
        PollPolicy.from_json({name: "soon"})


@pytest.mark.parametrize("obj", [None, [], "{}", b"{}", 5])
def test_only_a_mapping_is_read(obj):
    with pytest.raises(InvalidType, match=f"^obj must be a mapping, not {type(obj).__name__}$"):
        PollPolicy.from_json(obj)

import json

import pytest

from spongewatch import InvalidArgument, InvalidType, PollPolicy
from spongewatch.core.policy import BUDGETS, milliseconds

NAMES = list(PollPolicy().to_json())


def refusal(**settings):
    with pytest.raises(InvalidArgument) as caught:
        PollPolicy(**settings)
    return str(caught.value)


def test_the_default_settings():
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


def test_only_budgets_may_be_none():
    assert PollPolicy(**dict.fromkeys(BUDGETS)).to_json() == {**PollPolicy().to_json(), **dict.fromkeys(BUDGETS)}
    for name in set(NAMES) - set(BUDGETS):
        with pytest.raises(InvalidType, match=f"^{name} must be a number of seconds, not None$"):
            PollPolicy(**{name: None})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [True, "5", "\x1b[2J", []], ids=repr)
def test_a_setting_must_be_a_number(name, value):
    expected = "a number of seconds or None" if name in BUDGETS else "a number of seconds"
    with pytest.raises(InvalidType, match=f"^{name} must be {expected}, not {type(value).__name__}$"):
        PollPolicy(**{name: value})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-1, "-1"),
        (0.0009, "0.0009"),
        (10**9 + 1, "1000000001"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        pytest.param(10**5000, "(too long or too deep to show)", id="huge"),
    ],
)
def test_an_invalid_setting_is_named(name, value, shown):
    if (name, value) == ("not_found_grace", 0.0009):
        assert PollPolicy(not_found_grace=value).not_found_grace == value
        return
    least = "0" if name == "not_found_grace" else "0.001"
    assert refusal(**{name: value}) == f"{name} must be from {least} to 1,000,000,000 seconds, not {shown}"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"interval", "lost_contact_timeout"}))
def test_both_ends_of_the_range_are_accepted(name):
    for value in (0.001, 1, 10**9):
        assert getattr(PollPolicy(**{name: value}), name) == value


def test_the_grace_may_be_zero():
    assert PollPolicy(not_found_grace=0).not_found_grace == 0


def test_the_interval_must_be_less_than_lost_contact_timeout():
    assert PollPolicy(interval=119.9).interval == 119.9
    assert PollPolicy(interval=10**9, lost_contact_timeout=None).interval == 10**9
    assert refusal(interval=120) == (
        "interval must be less than lost_contact_timeout in whole milliseconds, not 120 s for 120 s"
    )


def test_the_interval_is_compared_in_whole_milliseconds():
    assert "in whole milliseconds" in refusal(interval=1.0001, lost_contact_timeout=1.0009)
    assert PollPolicy(interval=1.0, lost_contact_timeout=1.0009).interval == 1.0


@pytest.mark.parametrize(
    ("seconds", "counted"), [(0.001, 1), (0.3, 300), (1.1, 1100), (1.0001, 1001), (1.001, 1001), (1e9, 10**12)]
)
def test_a_duration_is_rounded_up_but_not_for_float_noise(seconds, counted):
    assert milliseconds(seconds) == counted


@pytest.mark.parametrize(
    "policy", [PollPolicy(), PollPolicy(interval=0.05, timeout=180, consent_timeout=None, lost_contact_timeout=7)]
)
def test_a_policy_reads_back_from_json(policy):
    assert PollPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


def test_missing_budgets_are_none_and_other_settings_have_their_defaults():
    assert PollPolicy.from_json({}) == PollPolicy(**dict.fromkeys(BUDGETS))
    assert PollPolicy.from_json({"interval": 2, "unknown": [], "timeout": 7}) == PollPolicy(
        interval=2, consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None, timeout=7
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_invalid_key_of_json_is_named(name):
    with pytest.raises(InvalidType, match=f"^{name} must be a number of seconds( or None)?, not str$"):
        PollPolicy.from_json({name: "soon"})


@pytest.mark.parametrize("obj", [None, [], "{}", b"{}", 5])
def test_from_json_takes_a_mapping(obj):
    with pytest.raises(InvalidType, match="^obj must be a mapping, not "):
        PollPolicy.from_json(obj)

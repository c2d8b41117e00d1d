from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from spongewatch import Cancelled, Completed, Request
from spongewatch.core.actions import Action, Done, Send, Wait

REQUEST = Request("GET", "https://api.example/?domain_password=secret", {"authorization": "secret"})


def test_there_are_three_things_to_do():
    assert get_args(Action) == (Send, Wait, Done)


def test_actions_are_values():
    assert Wait(2.0) == Wait(2.0) != Wait(3.0)
    assert Done(Completed(2)) == Done(Completed(2)) != Done(Cancelled())
    assert Send(REQUEST, 10.0) == Send(REQUEST, 10.0) != Send(REQUEST, 9.0)


@pytest.mark.parametrize(
    ("action", "member"), [(Wait(2.0), "until"), (Done(Cancelled()), "outcome"), (Send(REQUEST, 10.0), "deadline")]
)
def test_actions_can_not_be_changed(action, member):
    with pytest.raises(FrozenInstanceError):
        setattr(action, member, None)


def test_what_is_to_be_sent_is_not_shown():
    assert repr(Send(REQUEST, 10.0)) == "Send(request=Request(method='GET'), deadline=10.0)"

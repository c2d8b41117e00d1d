from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from spongewatch import Cancelled, Completed, Request
from spongewatch.core.actions import Action, Done, Send, Wait

REQUEST = Request("GET", "https://api.example/?domain_password=secret", {"authorization": "secret"})


def test_an_action_is_a_send_a_wait_or_a_done():
    assert get_args(Action) == (Send, Wait, Done)


def test_actions_are_values():
    assert Wait(2.0) == Wait(2.0) != Wait(3.0)
    assert Done(Completed(2)) == Done(Completed(2)) != Done(Cancelled())
    assert Send(REQUEST, 10.0) == Send(REQUEST, 10.0) != Send(REQUEST, 9.0)


@pytest.mark.parametrize(
    ("action", "key"), [(Wait(2.0), "until"), (Done(Cancelled()), "outcome"), (Send(REQUEST, 10.0), "deadline")]
)
def test_actions_can_not_be_changed(action, key):
    with pytest.raises(FrozenInstanceError):
        setattr(action, key, None)


def test_the_repr_hides_the_request():
    assert repr(Send(REQUEST, 10.0)) == "Send(request=Request(method='GET'), deadline=10.0)"

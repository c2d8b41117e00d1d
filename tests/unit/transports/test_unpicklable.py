import copy
import pickle
from typing import final

import pytest

from spongewatch import LocalProtocolError
from spongewatch.transports.unpicklable import Unpicklable


@final
class Socket(Unpicklable):
    pass


@final
class Watched(Unpicklable):
    __slots__ = ("descriptor",)

    _instead = "watch it again"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_neither_pickled_nor_copied_and_says_what_to_do_instead(take):
    with pytest.raises(LocalProtocolError) as caught:
        take(Socket())
    assert str(caught.value) == "no Socket is pickled or copied: make another one where it is needed"
    with pytest.raises(LocalProtocolError, match="no Watched is pickled or copied: watch it again"):
        take([Watched()]) if take is not copy.copy else take(Watched())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_in_no_protocol(protocol):
    with pytest.raises(LocalProtocolError):
        pickle.dumps({"deep": (Socket(),)}, protocol)


def test_it_takes_no_room():
    assert not hasattr(Watched(), "__dict__")

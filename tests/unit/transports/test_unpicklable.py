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
class File(Unpicklable):
    __slots__ = ("descriptor",)

    _instead = "open it again"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_pickling_and_copying_raise_and_say_what_to_do_instead(take):
    with pytest.raises(LocalProtocolError) as caught:
        take(Socket())
    assert str(caught.value) == "Socket can't be pickled or copied; create another one where you need it"
    with pytest.raises(LocalProtocolError, match="File can't be pickled or copied; open it again"):
        take([File()]) if take is not copy.copy else take(File())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_protocol_works(protocol):
    with pytest.raises(LocalProtocolError):
        pickle.dumps({"deep": (Socket(),)}, protocol)


def test_the_base_class_adds_no_dict():
    assert not hasattr(File(), "__dict__")

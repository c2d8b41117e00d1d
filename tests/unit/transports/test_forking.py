import gc
import os
import warnings
import weakref

from spongewatch.transports.forking import begin_anew_in_child, when_forked


class Holder:
    def __init__(self):
        self.begun = 0
        when_forked(self, Holder.begin)

    def begin(self):
        self.begun += 1


def test_whoever_is_still_there_begins_anew_once():
    one, other = Holder(), Holder()
    begin_anew_in_child()
    assert (one.begun, other.begun) == (1, 1)


def test_nobody_is_kept_for_it():
    gone = weakref.ref(Holder())
    gc.collect()
    assert gone() is None
    begin_anew_in_child()


def test_it_is_the_child_that_begins_anew():
    holder = Holder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of 3.12 on: there are threads
        child = os.fork()
    if child == 0:
        os._exit(holder.begun)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert holder.begun == 0

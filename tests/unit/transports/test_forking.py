import gc
import os
import warnings
import weakref

from spongewatch.transports.forking import reset_after_fork, reset_all


class Holder:
    def __init__(self):
        self.resets = 0
        reset_after_fork(self, Holder.reset)

    def reset(self):
        self.resets += 1


def test_each_object_is_reset_once():
    one, other = Holder(), Holder()
    reset_all()
    assert (one.resets, other.resets) == (1, 1)


def test_registered_objects_are_not_kept_alive():
    gone = weakref.ref(Holder())
    gc.collect()
    assert gone() is None
    reset_all()


def test_only_the_child_is_reset():
    holder = Holder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns about forks with threads
        child = os.fork()
    if child == 0:
        os._exit(holder.resets)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert holder.resets == 0

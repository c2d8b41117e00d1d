"""The quick way to kill a mutant: its function gets other code in a process that has collected the tests already.

Most mutants differ in the body of one function, and most die at once; neither pytest nor the package has to be loaded
for them again. What survives here, or can't be tried so (a default, a decorator, a table), is tried as a whole module.
"""

import os
import sys
from collections.abc import Callable
from types import CodeType, FunctionType

import pytest
from operators import Mutant


class InPlace:
    """A plugin of pytest that runs the collected tests once for each mutant, in a fork each; tells how the forks ended."""

    def __init__(
        self, module: str, mutants: list[Mutant], limit: Callable[[], None], ended: Callable[[Mutant, int], None]
    ):
        self.module, self.mutants, self.limit, self.ended = module, mutants, limit, ended

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for mutant in self.mutants:
            pid = os.fork()
            if pid == 0:
                try:
                    self.limit()
                    os._exit(1 if _replaced(self.module, mutant) and _fail(session) else 0)
                finally:
                    os._exit(0)  # whatever this is, it is tried again as a whole module
            self.ended(mutant, os.waitpid(pid, 0)[1])
        return True


def _replaced(module: str, mutant: Mutant) -> bool:
    """Put the mutant's code into the function in which it differs, if it does so there."""
    code = compile(mutant.source, module, "exec")
    target: object = sys.modules[f"spongewatch.core.{module}"]
    for name in mutant.name.split(".")[1:]:
        code = next(part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == name)
        target = vars(target)[name]
        for inner in ("fget", "__func__", "__wrapped__"):  # of properties, class methods and caches
            target = getattr(target, inner, target)
        if isinstance(target, FunctionType):
            target.__code__ = code
            return True
    return False


def _fail(session: pytest.Session) -> bool:
    for item in session.items:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            return True
    return False

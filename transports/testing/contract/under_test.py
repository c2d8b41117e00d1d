"""The transport that a check calls, with assertions about the outcome of each call."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, final

import pytest

from ....core import Request, Response, TransportError

_T = TypeVar("_T")

AMPLE: Final = 30.0
"""Seconds within which a transport that works is done, even on a busy or suspended machine."""

_PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@final
class UnderTest:
    """A transport of either kind; `run` returns the result of a call, or of the coroutine that the call returned.

    `when` describes the situation in the messages of failed checks.
    """

    def __init__(self, transport: Any, run: Callable[[Any], Any]) -> None:
        self.transport = transport
        self.run = run
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._closed:
            self.close()

    def close(self) -> None:
        """Close the transport."""
        self._closed = True
        self.run(self.transport.close())

    def send(self, request: Request, timeout: float = AMPLE) -> Response:
        """Return the response, or raise what `send` raises."""
        response = self.run(self.transport.send(request, timeout=timeout))
        assert isinstance(response, Response), (
            f"send must return a spongewatch.Response, but returned {type(response).__name__}"
        )
        return response

    def response(self, when: str, request: Request, timeout: float = AMPLE) -> Response:
        """Return the response; fail the check if `send` raises."""
        try:
            return self.send(request, timeout)
        except Exception as error:
            raise AssertionError(f"{when}: send must return a response, but raised {described(error)}") from error

    def error(self, when: str, request: Request, *kinds: str, timeout: float = AMPLE) -> TransportError:
        """Return the `TransportError`, whose kind must be one of `kinds`; fail the check for any other outcome."""
        expected = f"{when}: send must raise a TransportError of kind {' or '.join(kinds)}"
        try:
            response = self.send(request, timeout)
        except TransportError as error:
            failure = error
        except Exception as error:
            raise AssertionError(f"{expected}, but raised {described(error)}") from error
        else:
            raise AssertionError(f"{expected}, but returned {response} with {len(response.body):,} bytes")
        assert failure.kind in kinds, f"{expected}, but its kind was {failure.kind} ({failure})"
        return failure

    def exception(self, request: Request, timeout: float = AMPLE) -> Exception | None:
        """Return the exception that `send` raises, None if it returns a response; either is fine."""
        try:
            self.send(request, timeout)
        except Exception as error:
            return error
        return None

    def result(self, when: str, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Return the result of a coroutine that uses the transport; fail the check if it raises."""
        try:
            result: _T = self.run(coroutine)
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{when}: nothing must be raised, but there was {described(error)}") from error
        return result


class Checks(ABC):
    """The base of all checks: the fixture `transport` that they use."""

    @abstractmethod
    def _under_test(self) -> AbstractContextManager[UnderTest]:
        """Return a new transport, which is closed at the end."""

    @pytest.fixture
    def transport(self, tmp_path: Path) -> Iterator[UnderTest]:
        """The transport that a check calls."""
        with clean_environment(tmp_path), self._under_test() as under_test:
            yield under_test


@contextmanager
def clean_environment(folder: Path) -> Iterator[None]:
    """Remove proxy variables, which would apply to loopback too, and set `NETRC` to a file that must not be used."""
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in _PROXY_VARIABLES:
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        patch.setenv("NETRC", str(netrc))
        yield


def described(error: Exception) -> str:
    """Return the full name and the message of an exception."""
    return f"{type(error).__module__}.{type(error).__qualname__}: {error}"

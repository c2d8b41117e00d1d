"""Scenarios: what the service responds over the course of one import, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Final, final

from ...core import ImportEvent, InvalidArgument, InvalidType, Response, TransportError
from ...core._shared import shown

Rows = tuple[ImportEvent, ...]
"""The rows of one response."""


@final
@dataclass(frozen=True, slots=True)
class Scenario:
    """The responses of the service over the course of one import.

    Args:
        description: One line for people.
        steps: Times in seconds since the first poll, each with the rows that are sent from then on. The first is 0.
        faults: Results of single polls instead, by the number of the poll, from 1: a response, or a `TransportError`
            for a connection that is closed without one.

    Raises:
        InvalidArgument: The times don't start at 0, or don't increase.

    >>> waiting, consented = (ImportEvent("INITIALIZING", status, 0) for status in ("INPROGRESS", "COMPLETED"))
    >>> slow = Scenario("a person who takes a minute", ((0.0, (waiting,)), (60.0, (consented,))))
    >>> slow.rows_at(59.9) == (waiting,), slow.rows_at(60.0) == (consented,)
    (True, True)
    """

    description: str
    steps: tuple[tuple[float, Rows], ...]
    faults: Mapping[int, Response | TransportError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        moments = [moment for moment, _ in self.steps]
        if moments[:1] != [0] or not all(earlier < later for earlier, later in pairwise(moments)):
            raise InvalidArgument("steps must have times that start at 0 and increase")
        object.__setattr__(self, "faults", MappingProxyType(dict(self.faults)))

    def __reduce__(self) -> tuple[type["Scenario"], tuple[object, ...]]:
        return Scenario, (self.description, self.steps, dict(self.faults))  # a read-only mapping is not pickled

    def rows_at(self, moment: float) -> Rows:
        """Return the rows that are sent `moment` seconds after the first poll.

        >>> [row.status for row in SCENARIOS["completes"].rows_at(4.5)]
        ['COMPLETED', 'INPROGRESS']
        """
        return [rows for start, rows in self.steps if start <= max(moment, 0)][-1]


def scenario_named(name: str) -> Scenario:
    """Return the scenario with this name.

    Raises:
        InvalidArgument: There is none; the message lists the names.
        InvalidType: `name` is not a str.

    >>> scenario_named("stuck").description
    'consent, then GATHERING forever'
    """
    if not isinstance(name, str):
        raise InvalidType(f"scenario must be a str or a Scenario, not {type(name).__name__}")
    if name not in SCENARIOS:
        raise InvalidArgument(f"scenario must be one of {', '.join(SCENARIOS)}, not {shown(name)}")
    return SCENARIOS[name]


WAITING: Final = ImportEvent("INITIALIZING", "INPROGRESS", 0)
CONSENTED: Final = ImportEvent("INITIALIZING", "COMPLETED", 0)
COMPLETE: Final = ImportEvent("COMPLETE", "COMPLETED", 0)
"""Rows without a number of their own, for which the service writes 0."""


def _gathering(count: int) -> ImportEvent:
    return ImportEvent("GATHERING", "INPROGRESS", count)


def _gathered(count: int) -> ImportEvent:
    return ImportEvent("GATHERING", "COMPLETED", count)


_COMPLETES = (
    (0.0, (WAITING,)),
    (3.0, (CONSENTED, _gathering(380))),
    (4.0, (CONSENTED, _gathering(1212))),
    (5.0, (CONSENTED, _gathered(2001), COMPLETE)),
)

_BUSY = Response(
    503,
    {"content-type": "application/json; charset=utf-8", "retry-after": "1"},
    b'{"error":{"message":"The service is busy.","code":503}}',
)
_DROPPED = TransportError("reset", "the connection was closed without a response")

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "completes": Scenario("consent after 3 s, 2,001 contacts after 5 s", _COMPLETES),
        "abandoned": Scenario(
            "consent declined after 3 s, code 514",
            (
                (0.0, (WAITING,)),
                (3.0, (ImportEvent("INITIALIZING", "ERROR", 514),)),
            ),
        ),
        "fails": Scenario(
            "consent after 2 s, then the address book is unavailable, code 264",
            (
                (0.0, (WAITING,)),
                (2.0, (CONSENTED, _gathering(40))),
                (4.0, (CONSENTED, ImportEvent("GATHERING", "ERROR", 264), ImportEvent("COMPLETE", "ERROR", 264))),
            ),
        ),
        "empty": Scenario(
            "consent after 3 s, an empty address book",
            (
                (0.0, (WAITING,)),
                (3.0, (CONSENTED, _gathering(0))),
                (4.0, (CONSENTED, _gathered(0), COMPLETE)),
            ),
        ),
        "skips": Scenario(
            "already complete at the first poll, 2,340 contacts",
            ((0.0, (CONSENTED, _gathered(2340), COMPLETE)),),
        ),
        "stuck": Scenario(
            "consent, then GATHERING forever",
            (
                (0.0, (WAITING,)),
                (2.0, (CONSENTED, _gathering(0))),
            ),
        ),
        "consent-never": Scenario("INITIALIZING forever", ((0.0, (WAITING,)),)),
        "odd": Scenario(
            "12 contacts, with unlisted rows and odd values on the way",
            (
                (0.0, (ImportEvent("SUBMITTING", "INPROGRESS", 50), ImportEvent("INITIALIZING", "PENDING"))),
                (2.0, (CONSENTED, ImportEvent("GATHERING", "INPROGRESS", odd_value="many"))),
                (3.0, (CONSENTED, _gathering(7), ImportEvent("COMPLETE", "INPROGRESS", 0))),
                (4.0, (CONSENTED, _gathered(12), ImportEvent("COMPLETE", "COMPLETED"))),
            ),
        ),
        "flaky": Scenario(
            "completes, with 503 responses and dropped connections on the way",
            _COMPLETES,
            {2: _BUSY, 4: _DROPPED, 5: _BUSY, 7: _DROPPED},
        ),
    }
)
"""The scenarios by name."""

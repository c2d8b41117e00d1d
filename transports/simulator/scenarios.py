"""What the simulator can play by name: the service's side of one import, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Final, final

from ...core import ImportEvent, LocalProtocolError, Response, TransportError
from ...core._shared import shown

Rows = tuple[ImportEvent, ...]
"""The rows of one answer."""


@final
@dataclass(frozen=True, slots=True)
class Scenario:
    """What the service says of an import as time goes by.

    `steps` are moments, in seconds since the first poll, each with the rows that are said from then on; the
    first is 0. `faults` are what single polls get instead, by the poll's number (the first is 1): an answer,
    or a `TransportError` for a connection that is closed without one. `description` is one line for people.
    Raises `LocalProtocolError` for moments that do not start at 0 and grow.

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
            raise LocalProtocolError("the moments of a scenario's steps start at 0, and each is later than the last")
        object.__setattr__(self, "faults", MappingProxyType(dict(self.faults)))

    def __reduce__(self) -> tuple[type["Scenario"], tuple[object, ...]]:
        return Scenario, (self.description, self.steps, dict(self.faults))  # a read-only mapping is not pickled

    def rows_at(self, moment: float) -> Rows:
        """What is said `moment` seconds after the first poll."""
        return [rows for start, rows in self.steps if start <= max(moment, 0)][-1]


def scenario_named(name: str) -> Scenario:
    """The scenario of that name; raises `LocalProtocolError`, which lists the names, where there is none.

    >>> scenario_named("stuck").description
    'consent is given, then GATHERING for ever'
    """
    if name not in SCENARIOS:
        raise LocalProtocolError(f"there is no scenario {shown(name)}; there are {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


WAITING: Final = ImportEvent("INITIALIZING", "INPROGRESS", 0)
CONSENTED: Final = ImportEvent("INITIALIZING", "COMPLETED", 0)
COMPLETE: Final = ImportEvent("COMPLETE", "COMPLETED", 0)
"""Rows that hold no number; the service writes 0 into them."""


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
_DROPPED = TransportError("reset", "the connection was closed without an answer")

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "completes": Scenario("consent after 3 s, 2,001 contacts after 5 s", _COMPLETES),
        "abandoned": Scenario(
            "consent is declined after 3 s, code 514",
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
            "consent after 3 s, an address book without contacts",
            (
                (0.0, (WAITING,)),
                (3.0, (CONSENTED, _gathering(0))),
                (4.0, (CONSENTED, _gathered(0), COMPLETE)),
            ),
        ),
        "skips": Scenario(
            "everything is over at the first poll, 2,340 contacts",
            ((0.0, (CONSENTED, _gathered(2340), COMPLETE)),),
        ),
        "stuck": Scenario(
            "consent is given, then GATHERING for ever",
            (
                (0.0, (WAITING,)),
                (2.0, (CONSENTED, _gathering(0))),
            ),
        ),
        "consent-never": Scenario("INITIALIZING for ever", ((0.0, (WAITING,)),)),
        "odd": Scenario(
            "unlisted words and odd values on the way to 12 contacts",
            (
                (0.0, (ImportEvent("SUBMITTING", "INPROGRESS", 50), ImportEvent("INITIALIZING", "PENDING"))),
                (2.0, (CONSENTED, ImportEvent("GATHERING", "INPROGRESS", odd_value="many"))),
                (3.0, (CONSENTED, _gathering(7), ImportEvent("COMPLETE", "INPROGRESS", 0))),
                (4.0, (CONSENTED, _gathered(12), ImportEvent("COMPLETE", "COMPLETED"))),
            ),
        ),
        "flaky": Scenario(
            "completes, with answers of 503 and dropped connections on the way",
            _COMPLETES,
            {2: _BUSY, 4: _DROPPED, 5: _BUSY, 7: _DROPPED},
        ),
    }
)
"""The scenarios by name."""

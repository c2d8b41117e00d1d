"""The time budgets of a watch: when each of them runs out, in whole milliseconds from the start of the watch."""

from math import inf
from typing import final

from .policy import PollPolicy, milliseconds
from .saved import SavedObject
from .table import State


@final
class Budgets:
    """The ends of the phase's budget, of lost contact and of the whole watch; infinity stands for no end."""

    __slots__ = ("_policy", "lost_at", "phase_end", "total_end")

    def __init__(self, policy: PollPolicy, state: State) -> None:
        self._policy = policy
        self.phase_end = self._end_of_phase(0, state)
        self.lost_at = self._end_of_contact(0)
        self.total_end = _budget(policy.timeout)

    @property
    def end(self) -> float:
        """The end of the budget that runs out first."""
        return min(self.phase_end, self.lost_at, self.total_end)

    def start_phase(self, moment: int, state: State) -> None:
        """Start the budget of the phase that the import has just entered."""
        self.phase_end = self._end_of_phase(moment, state)

    def restart_contact(self, moment: int) -> None:
        """Restart the lost-contact budget, after a good response."""
        self.lost_at = self._end_of_contact(moment)

    def only_contact_is_lost(self, moment: int) -> bool:
        """Return whether `lost_contact_timeout` is the only budget that is over."""
        return self.lost_at <= moment < min(self.phase_end, self.total_end)

    def to_json(self) -> dict[str, object]:
        """Return the keys of a saved session; `total_end` follows from the policy."""
        return {
            "phase_end": None if self.phase_end == inf else self.phase_end,
            "lost_at": None if self.lost_at == inf else self.lost_at,
        }

    def restore(self, saved: SavedObject, moment: int, state: State, *, has_ended: bool) -> None:
        """Take over what `to_json` returned, at the `moment` of the resume.

        A session that has ended has no budget left to check, and its machine may have gone on elsewhere.

        Raises:
            LocalProtocolError: The saved session lifts or stretches a budget of its policy.
        """
        self.phase_end = _or_never(saved.count("phase_end"))
        self.lost_at = _or_never(saved.count("lost_at"))
        if not has_ended:
            _check(saved, "phase_end", self._end_of_phase(moment, state), "the timeout of the phase")
            _check(saved, "lost_at", self._end_of_contact(moment), "lost_contact_timeout")

    def _end_of_phase(self, moment: int, state: State) -> float:
        policy = self._policy
        return moment + _budget(policy.consent_timeout if state is State.INITIALIZING else policy.gathering_timeout)

    def _end_of_contact(self, moment: int) -> float:
        return moment + _budget(self._policy.lost_contact_timeout)


def _check(saved: SavedObject, key: str, latest: float, budget: str) -> None:
    end = saved.count(key)
    if (end is None) is not (latest == inf):
        raise saved.refusal(key, f"null where {budget} is, and nowhere else")
    if _or_never(end) > latest:
        raise saved.refusal(key, f"no later than {budget} allows")


def _or_never(moment: int | None) -> float:
    return inf if moment is None else moment


def _budget(seconds: float | None) -> float:
    return inf if seconds is None else milliseconds(seconds)

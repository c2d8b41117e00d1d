"""The time budgets of a watch: when each of them runs out, in whole milliseconds from the start of the watch."""

from math import inf
from typing import final

from .outcome_words import timed_out_in
from .outcomes import LostContact, TimedOut
from .policy import PollPolicy, milliseconds
from .saved_object import SavedObject
from .table import State


@final
class Budgets:
    """The ends of the budgets of the phase, of lost contact and of the whole watch; infinity if there is no budget."""

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
        """Restart the lost-contact budget, after a valid response."""
        self.lost_at = self._end_of_contact(moment)

    def only_contact_is_lost(self, moment: int) -> bool:
        """Return whether `lost_contact_timeout` is the only budget that is over."""
        return self.lost_at <= moment < min(self.phase_end, self.total_end)

    def outcome(self, state: State, last_failure: str) -> TimedOut | LostContact:
        """Return the outcome of a watch that ends by the budget that ran out first.

        If several ran out together, that of the phase counts, then that of the whole watch.

        Args:
            state: The state of the import.
            last_failure: Why the last poll failed; empty if it didn't.
        """
        if self.end == self.phase_end:
            return timed_out_in(state)
        if self.end == self.total_end:
            return TimedOut("total")
        detail = f"no valid response for {self._policy.lost_contact_timeout:g} s (lost_contact_timeout)"
        return LostContact(f"{detail}; last failure: {last_failure}" if last_failure else detail)

    def by_name(self, state: State) -> dict[str, float]:
        """Return the ends of the budgets that apply, by the names of the policy, that of the phase first."""
        phase = "consent_timeout" if state is State.INITIALIZING else "gathering_timeout"
        ends = {phase: self.phase_end, "timeout": self.total_end, "lost_contact_timeout": self.lost_at}
        return {name: end for name, end in ends.items() if end != inf}

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
        raise saved.refusal(key, f"null if {budget} is, and only then")
    if _or_never(end) > latest:
        raise saved.refusal(key, f"no later than {budget} allows")


def _or_never(moment: int | None) -> float:
    return inf if moment is None else moment


def _budget(seconds: float | None) -> float:
    return inf if seconds is None else milliseconds(seconds)

"""The poll schedule of a watch: when the next poll is due, and which polls are sent after a budget is over.

Elapsed time alone is no evidence: the process may have slept while the import went on. So a poll that was due before
the end of the budgets and has not been sent is *overdue*, and it is sent before a budget may end the watch:

1. An overdue poll has the whole `request_timeout`; the deadline of any other poll is cut at the end of the budgets.
2. If it fails and lost contact is all that is over, it is repeated once.
3. A stale poll is repeated, whichever budget is over.
4. If the process was stopped while a poll was open, one more poll is overdue an interval later.
5. A poll that was open when the session was saved is repeated after the resume, and the repetition counts as overdue.
6. At most three overdue polls are sent without a valid response in between.

All times are whole milliseconds from the start of the watch.
"""

from typing import Final, final

from .saved_object import SavedObject

MAX_OVERDUE: Final = 3


@final
class PollSchedule:
    """When the next poll is due, whether one is open, and whether it is owed.

    `owed`: the next or open poll counts as overdue, also before the end of the budgets. `overdue_polls`: the number of
    overdue polls sent since the last valid response. `repeated`: one of them failed and was repeated. `stale`: the last
    poll was stale.
    """

    __slots__ = (
        "_request_timeout",
        "delay",
        "interval",
        "next_poll",
        "overdue_polls",
        "owed",
        "repeated",
        "sent",
        "stale",
    )

    def __init__(self, interval: int, request_timeout: int) -> None:
        self.interval = interval
        self._request_timeout = request_timeout
        self.next_poll = 0
        self.delay = 0  # the length of the whole wait for the next poll
        self.sent: int | None = None  # when the open poll was sent
        self.owed = False
        self.overdue_polls = 0
        self.repeated = False
        self.stale = False

    def is_overdue(self, end: float) -> bool:
        """Return whether a poll has to be sent before the budgets, which run out at `end`, may end the watch."""
        return (self.owed or self.next_poll < end) and self.overdue_polls < MAX_OVERDUE

    def is_due(self, moment: int, end: float) -> bool:
        """Return whether a poll may be sent at `moment`."""
        return self.sent is None and self.next_poll <= moment and (moment < end or self.is_overdue(end))

    def wake_up(self, end: float) -> float:
        """Return the moment until which nothing is due."""
        if self.sent is not None:
            return self.deadline(self.sent, end)
        return self.next_poll if self.is_overdue(end) else min(self.next_poll, end)

    def deadline(self, sent: int, end: float) -> float:
        """Return the deadline of a poll that is sent at `sent`."""
        whole = sent + self._request_timeout
        return whole if self.owed or sent >= end else min(whole, end)

    def open(self, moment: int, end: float) -> None:
        """Open a poll that is sent at `moment`."""
        self.owed = self.owed or moment >= end
        self.overdue_polls = min(self.overdue_polls + self.owed, MAX_OVERDUE)
        self.sent = moment
        self.delay = self.interval  # the shortest delay after this poll

    def close(self, moment: int, end: float) -> bool:
        """Close the open poll at `moment`; return whether the process was stopped meanwhile.

        If the poll ended at least an interval after its deadline, the process was stopped, since a running process is
        never that late. If no poll was open, it was stopped if a poll is overdue. For an overdue poll this returns
        False, or a transport that is always late would keep the watch from ending.
        """
        sent, self.sent = self.sent, None
        if sent is None:
            return moment >= end and self.is_overdue(end)
        return not self.owed and moment >= self.deadline(sent, end) + self.interval

    def wait(self, moment: int, delay: int, *, owed: bool = False) -> None:
        """Plan the next poll."""
        self.next_poll, self.delay, self.owed = moment + delay, delay, owed

    def repeats(self, *, only_contact_is_lost: bool) -> bool:
        """Return whether the overdue poll that has just failed is repeated (rule 2)."""
        if not self.owed or self.repeated or not only_contact_is_lost:
            return False
        self.repeated = True
        return True

    def reset(self) -> None:
        """Start counting again, after a valid response."""
        self.overdue_polls, self.repeated, self.stale = 0, False, False

    def to_json(self) -> dict[str, object]:
        """Return the keys of a saved session."""
        return {
            "next_poll": self.next_poll,
            "delay": self.delay,
            "poll_is_open": self.sent is not None,
            "poll_deadline": None if self.sent is None else self.sent + self._request_timeout,
            "owed": self.owed,
            "overdue_polls": self.overdue_polls,
            "repeated": self.repeated,
            "stale": self.stale,
        }

    def restore(self, saved: SavedObject, moment: int, *, sole_owner: bool) -> None:
        """Take over what `to_json` returned, at the `moment` of the resume.

        Another process may still be sending the request of an open poll. So the next poll is due an interval after the
        latest moment at which that request can end, or, for the `sole_owner`, an interval from now.

        Raises:
            LocalProtocolError: A key is missing or has a value that `to_json` doesn't return.
        """
        self.delay = saved.whole("delay")
        self.next_poll = min(saved.whole("next_poll"), moment + self.delay)
        self.owed = saved.flag("owed", default=False)
        self.overdue_polls = saved.whole("overdue_polls", default=0)
        if self.overdue_polls > MAX_OVERDUE:
            raise saved.refusal("overdue_polls", f"at most {MAX_OVERDUE}")
        self.repeated = saved.flag("repeated", default=False)
        self.stale = saved.flag("stale", default=False)
        deadline = saved.count("poll_deadline", default=None)
        if saved.flag("poll_is_open"):
            latest = moment + self._request_timeout
            ended = moment if sole_owner else max(moment, min(latest if deadline is None else deadline, latest))
            self.wait(moment, ended + self.interval - moment, owed=True)

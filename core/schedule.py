"""The poll schedule of a watch: when the next poll is due, and which polls are sent after a budget is over.

Elapsed time alone is no evidence: a process may have slept while the import went on. So a poll that was due before the
end of the budgets and has not been sent is *overdue*, and it is sent before a budget may end the watch:

1. An overdue poll has the whole `request_timeout`; the deadline of any other poll is cut at the end of the budgets.
2. If it fails and lost contact is all that is over, it is repeated once.
3. A stale poll is repeated, whichever budget is over.
4. If the process was stopped while a poll was open, one more poll is overdue an interval later.
5. A poll that was open when the session was saved is repeated after the resume, and the repetition counts as overdue.
6. At most three overdue polls are sent without a good response in between.

All times are whole milliseconds from the start of the watch.
"""

from typing import Final, final

from .saved import SavedObject

MAX_OVERDUE: Final = 3


@final
class PollSchedule:
    """When the next poll is due, whether one is open, and whether it is owed.

    `owed`: the poll, due or open, counts as overdue, wherever it lies. `overdue_polls`: how many such polls were sent
    since the last good response. `repeated`: one of them failed and was repeated. `stale`: the last poll was stale.
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
        """Return whether a poll comes before the budgets, which run out at `end`, may end the watch."""
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
        """A poll is sent at `moment`."""
        self.owed = self.owed or moment >= end
        self.overdue_polls = min(self.overdue_polls + self.owed, MAX_OVERDUE)
        self.sent = moment
        self.delay = self.interval  # at least, from the end of this poll

    def close(self, moment: int, end: float) -> bool:
        """Close the open poll at `moment`; return whether the process was stopped meanwhile.

        It was if the poll ended an interval or more after its deadline: a process that runs is never that late. If no
        poll was open, it was if one is overdue. An overdue poll is judged however late, or a transport that is always
        late would never let the watch end.
        """
        sent, self.sent = self.sent, None
        if sent is None:
            return moment >= end and self.is_overdue(end)
        return not self.owed and moment >= self.deadline(sent, end) + self.interval

    def wait(self, moment: int, delay: int, *, owed: bool = False) -> None:
        """Plan the next poll."""
        self.next_poll, self.delay, self.owed = moment + delay, delay, owed

    def reset(self) -> None:
        """A good response came: nothing is held against the polls before it."""
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

        The request of an open poll may still be leaving, from a process that only seems to be gone, so the next poll
        is due an interval after the latest moment at which it can end; unless this is the `sole_owner`.

        Raises:
            LocalProtocolError: A key is missing or has a value that `to_json` does not return.
        """
        self.delay = saved.whole("delay")
        self.next_poll = min(saved.whole("next_poll"), moment + self.delay)
        self.owed = saved.flag("owed", default=False)
        self.overdue_polls = saved.whole("overdue_polls", default=0)
        if self.overdue_polls > MAX_OVERDUE:
            raise saved.refusal("overdue_polls", f"{MAX_OVERDUE} or less")
        self.repeated = saved.flag("repeated", default=False)
        self.stale = saved.flag("stale", default=False)
        deadline = saved.count("poll_deadline", default=None)
        if saved.flag("poll_is_open"):
            latest = moment + self._request_timeout
            ended = moment if sole_owner else max(moment, min(latest if deadline is None else deadline, latest))
            self.wait(moment, ended + self.interval - moment, owed=True)

"""An outcome in a saved session: as JSON, and back again."""

from .outcomes import Cancelled, LostContact, Outcome, Rejected, TimedOut
from .saved import SavedObject
from .text import printable

_BY_THE_SERVICE = ("completed", "failed", "abandoned")


def outcome_to_json(outcome: Outcome) -> dict[str, object]:
    """What `saved_outcome` reads; the service's own verdict is the machine's to keep."""
    return {
        "name": outcome.name,
        "reason": outcome.reason if isinstance(outcome, TimedOut | Rejected) else None,
        "detail": outcome.detail if isinstance(outcome, LostContact | Rejected) else "",
    }


def saved_outcome(members: SavedObject, verdict: Outcome | None) -> Outcome | None:
    """The member `outcome`, None where the watch goes on; `verdict` is that of the saved machine.

    Raises `LocalProtocolError`, which names the member.
    """
    saved = members.child("outcome")
    if saved is None:
        return None
    if saved.take("name") in _BY_THE_SERVICE:
        if verdict is None or verdict.name != saved.take("name"):
            raise saved.refusal("name", "what the saved machine says of the import")
        return verdict
    detail = printable(saved.text("detail") or "")
    match saved.word("name", ("timed-out", "lost-contact", "rejected", "cancelled")):
        case "timed-out":
            return TimedOut(saved.word("reason", TimedOut.REASONS))
        case "lost-contact":
            return LostContact(detail)
        case "rejected":
            return Rejected(saved.word("reason", Rejected.REASONS), detail)
        case _:
            return Cancelled()

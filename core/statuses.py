"""What an answer that is not simply good means for the watch: the design's table of statuses."""

from dataclasses import dataclass
from typing import final

from .codec import envelope_message
from .exchange import Response
from .outcomes import Rejected
from .retry import retry_after

_AGAIN = frozenset({304, 408, 425, 429})
_GONE = frozenset({404, 410})


@final
@dataclass(frozen=True, slots=True)
class Unusable:
    """A poll that failed, and may be tried again; `delay` is what the service asks for, in milliseconds."""

    reason: str
    delay: int | None = None


def meaning(response: Response, *, not_found_is_early: bool) -> Unusable | Rejected:
    """Return what a `response` with a status other than 200 means.

    Args:
        response: The response.
        not_found_is_early: The service may not know the import yet, so a 404 is not final.
    """
    status = response.status
    reason = _reason(response)
    asked = response.headers.get("retry-after")
    limited = status == 403 and asked is not None
    early = status == 404 and not_found_is_early
    if status < 300 or status in _AGAIN or status >= 500 or limited or early:
        return Unusable(reason, retry_after(asked, response.headers.get("date")))
    if status < 400:
        return Rejected("redirect", f"{reason}: credentials follow no redirect")
    if status in (401, 403):
        return Rejected("credentials", reason)
    return Rejected("unknown-import" if status in _GONE else "request", reason)


def _reason(response: Response) -> str:
    message = envelope_message(response.body, response.headers.get("content-type"))
    return f"status {response.status}" + (f": {message}" if message else "")

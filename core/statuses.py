"""The meaning of a response for the watch: a page of events, a failed poll, or a rejection.

The statuses are those of HTTP (RFC 9110 §15); which of them end a watch is our decision: `docs/reference/statuses.md`.
"""

from dataclasses import dataclass
from typing import final

from .codec import decode, envelope_message
from .errors import RemoteProtocolError
from .events import EventsPage
from .exchange import Response
from .outcomes import Rejected
from .retry import retry_after
from .text import shown

_TRY_AGAIN = frozenset({304, 408, 425, 429})
_GONE = frozenset({404, 410})


@final
@dataclass(frozen=True, slots=True)
class Unusable:
    """A poll that failed and may be repeated; `delay` is what the service asks for, in milliseconds."""

    reason: str
    delay: int | None = None


def meaning(response: Response, import_id: str, *, not_found_is_early: bool) -> EventsPage | Unusable | Rejected:
    """Return what a response means.

    Args:
        response: The response.
        import_id: The id of the import that the request was about.
        not_found_is_early: The service may not know the import yet, so a 404 is not final.
    """
    if response.status == 200:
        return _page(response, import_id)
    status = response.status
    reason = _reason(response)
    asked = response.headers.get("retry-after")
    limited = status == 403 and asked is not None
    early = status == 404 and not_found_is_early
    if status < 300 or status in _TRY_AGAIN or status >= 500 or limited or early:
        return Unusable(reason, retry_after(asked, response.headers.get("date")))
    if status < 400:
        return Rejected("redirect", f"{reason}; redirects are not followed, to protect the credentials")
    if status in (401, 403):
        return Rejected("credentials", reason)
    return Rejected("unknown-import" if status in _GONE else "request", reason)


def _page(response: Response, import_id: str) -> EventsPage | Unusable:
    try:
        page = decode(response.body, response.headers.get("content-type"))
    except RemoteProtocolError as error:
        return Unusable(str(error))
    if page.import_id not in (None, import_id):
        return Unusable(f"the response is about another import, {shown(page.import_id)}")
    return page


def _reason(response: Response) -> str:
    message = envelope_message(response.body, response.headers.get("content-type"))
    return f"status {response.status}" + (f": {message}" if message else "")

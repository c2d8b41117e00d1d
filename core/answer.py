"""`read_answer`: what an answer says, without an echo of what was sent, as a trace of it would say it.

What the protocol's page lists can't hold an echo and is read as it came, so that no password, however odd, hides
the end of an import.
"""

from contextlib import suppress

from .codec import decode
from .errors import RemoteProtocolError
from .events import MAX_WORD, EventsPage, ImportEvent
from .exchange import Response
from .redaction import Redaction
from .table import STATUSES, TRIGGERS, TYPES
from .text import shown


def read_answer(response: Response, import_id: str, redaction: Redaction) -> EventsPage:
    """The page in the body of `response`, which is of import `import_id`, or of none that it names.

    Raises `RemoteProtocolError`, whose text holds no secret either, where it can't be read, and where it is of another
    import.

    >>> echoed = Response(200, {}, b'{"events": [], "user_id": "hush"}')
    >>> read_answer(echoed, "1126", Redaction(["hush"])).user_id
    '[secret]'
    """
    text = redaction.text
    try:
        page = _decoded(response, import_id, redaction)
    except RemoteProtocolError as error:
        raise RemoteProtocolError(text(str(error))) from None
    if page.import_id not in (None, import_id):
        raise RemoteProtocolError(f"the answer is that of another import, {text(shown(page.import_id))}")
    rows = tuple(_without_secrets(row, redaction) for row in page.events)
    return EventsPage(page.import_id, page.user_id and text(page.user_id), page.echo and text(page.echo), rows)


def _decoded(response: Response, import_id: str, redaction: Redaction) -> EventsPage:
    """Of the page as it came and the one without secrets, the one that loses no row that is listed."""
    content_type = response.headers.get("content-type")
    page: EventsPage | None = None
    with suppress(RemoteProtocolError):
        page = decode(response.body, content_type)
        if page.import_id in (None, import_id) and len(_listed(page)) == len(page.events):
            return page
    body = redaction.data(response.body)
    if page is None:
        return decode(body, content_type)
    with suppress(RemoteProtocolError):
        clean = decode(body, content_type)
        if _listed(clean) == _listed(page):
            return clean
    return page


def _listed(page: EventsPage) -> list[ImportEvent]:
    """The rows of the page that hold no words but those that the protocol lists."""
    return [row for row in page.events if _is_listed(row)]


def _is_listed(row: ImportEvent) -> bool:
    return row.odd_value is None and (row.type, row.status) in TRIGGERS


def _without_secrets(row: ImportEvent, redaction: Redaction) -> ImportEvent:
    """The row, in which only a stranger's words can hold an echo of what was sent."""
    if _is_listed(row):
        return row
    event_type = row.type if row.type in TYPES else redaction.text(row.type)[:MAX_WORD]
    status = row.status if row.status in STATUSES else redaction.text(row.status)[:MAX_WORD]
    return ImportEvent(event_type, status, row.value, row.odd_value and redaction.text(row.odd_value))

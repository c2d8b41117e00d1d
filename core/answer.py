"""What an answer says, without an echo of what was sent: to be told, and to be kept.

What the protocol's page lists can't hold an echo and is read as it came, so that no password, however odd, hides
the end of an import.
"""

import json
from typing import Final

from .codec import envelope_message, read_page
from .errors import RemoteProtocolError
from .events import MAX_WORD, Clean, EventsPage, ImportEvent
from .exchange import Response
from .redaction import Redaction
from .table import STATUSES, TYPES
from .text import shown

_NOTHING: Final = Redaction(())


def read_answer(response: Response, import_id: str, redaction: Redaction) -> EventsPage:
    """The page in the body of `response`, which is of import `import_id`, or of none that it names.

    Raises `RemoteProtocolError`, whose text holds no secret either, where it can't be read, and where it is of another
    import.

    >>> echoed = Response(200, {}, b'{"events": [], "user_id": "hush"}')
    >>> read_answer(echoed, "1126", Redaction(["hush"])).user_id
    '[secret]'
    """
    page = _page(response, redaction, lambda text: text if text == import_id else redaction.text(text))
    if page.import_id not in (None, import_id):
        raise RemoteProtocolError(f"the answer is that of another import, {shown(page.import_id)}")
    rows = tuple(_without_secrets(row, redaction) for row in page.events)
    return EventsPage(page.import_id, page.user_id, page.echo, rows)


def answer_to_keep(response: Response, import_id: str, redaction: Redaction) -> Response:
    """`response` without secrets, for a recording; a session takes it as the one that came.

    Its body is the one that came, as long as it says the same without them. Where it does not, for a secret that is a
    word of the protocol, or one that stands in it in parts, the body is what it says, as JSON.

    >>> came = Response(401, {}, b"<error><message>no pair k:hu<!-- -->sh</message></error>")
    >>> answer_to_keep(came, "1126", Redaction(["hush"])).body
    b'{"error": {"message": "no pair k:[secret]"}}'
    """
    kept = Response(response.status, response.headers, redaction.data(response.body))
    said = _said(response, import_id, redaction)
    if said == _said(kept, import_id, _NOTHING) and not redaction.hidden_in(kept.body):
        return kept
    headers = {**response.headers, "content-type": "application/json"}
    return Response(response.status, headers, json.dumps(said).encode())


def _page(response: Response, redaction: Redaction, clean: Clean) -> EventsPage:
    content_type = response.headers.get("content-type")
    try:
        return read_page(response.body, content_type, clean)
    except RemoteProtocolError:
        if envelope_message(response.body) is not None:
            raise
    return read_page(redaction.data(response.body), content_type, clean)  # says what a recording of it says


def _without_secrets(row: ImportEvent, redaction: Redaction) -> ImportEvent:
    """The row, in which only a stranger's words can still hold an echo of what was sent."""
    event_type = row.type if row.type in TYPES else redaction.text(row.type)[:MAX_WORD]
    status = row.status if row.status in STATUSES else redaction.text(row.status)[:MAX_WORD]
    return ImportEvent(event_type, status, row.value, row.odd_value)


def _said(response: Response, import_id: str, redaction: Redaction) -> dict[str, object]:
    """What `response` tells a session, as an answer in JSON would say it."""
    problem: dict[str, object] = {}
    if response.status == 200:
        try:
            return _as_json(read_answer(response, import_id, redaction))
        except RemoteProtocolError as error:
            problem = {"problem": str(error)}
    message = envelope_message(response.body, response.headers.get("content-type"), redaction.text)
    return problem if message is None else {"error": {"message": message}}


def _as_json(page: EventsPage) -> dict[str, object]:
    rows = [
        {"event_type": row.type, "status": row.status, "value": row.value if row.odd_value is None else row.odd_value}
        for row in page.events
    ]
    return {"import_id": page.import_id, "user_id": page.user_id, "echo": page.echo, "events": rows}

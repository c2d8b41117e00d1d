"""Responds to requests as the simulated service; it knows no sockets."""

from collections.abc import Iterator
from http import HTTPStatus
from threading import Lock
from typing import final

from ...core import Credentials, Response, TransportError
from .pages import json_page, refusal, xml_page
from .playback import PollResult
from .received import ReceivedRequest


@final
class Service:
    """Responds to polls of one import with the next of `results`; may be shared by threads."""

    def __init__(self, import_id: str, credentials: Credentials, results: Iterator[PollResult]) -> None:
        self._import_id = import_id
        self._credentials = credentials
        self._results = results
        self._lock = Lock()

    def respond(self, request: ReceivedRequest) -> Response | TransportError:
        """Return the response, or a `TransportError` if the connection has to be closed without one."""
        in_xml = request.wants_xml
        if request.polled_import is None:
            return refusal(HTTPStatus.NOT_FOUND, "Not found.", in_xml=in_xml)
        if not request.is_authorized(self._credentials):
            return refusal(HTTPStatus.UNAUTHORIZED, "Invalid domain key or password.", in_xml=in_xml)
        if request.polled_import != self._import_id:
            return refusal(HTTPStatus.NOT_FOUND, "Import not found.", in_xml=in_xml)
        with self._lock:
            result = next(self._results)
        if isinstance(result, Response | TransportError):
            return result
        page = xml_page if in_xml else json_page
        return page(result, self._import_id, request.arguments.get("echo"))

"""Your own loop around a session, with urllib3 alone: it uses neither a transport nor a loop of the library."""

import time
from collections.abc import Callable

import urllib3

from spongewatch import Done, Emitted, ImportSession, Outcome, Request, Response, Send, TransportError, Wait
from spongewatch.transports import ResponseBody, as_transport_error


def drive(
    session: ImportSession, notify: Callable[[Emitted], object], clock: Callable[[], float] = time.time
) -> Outcome:
    with urllib3.PoolManager() as http:
        while True:
            now = clock()
            match session.next_action(now=now):
                case Done(outcome):
                    return outcome
                case Wait(until):
                    time.sleep(max(until - now, 0))
                    items = session.handle_timeout(now=clock())
                case Send(request, deadline):
                    session.sent(now=now)  # store session.save() here if another process may resume it
                    try:
                        response = send(http, request, deadline - now)
                        items = session.receive(response, now=clock())
                    except TransportError as error:
                        items = session.receive_failure(error, now=clock())
            for item in items:
                notify(item)


def send(http: urllib3.PoolManager, request: Request, timeout: float) -> Response:
    headers = {"accept-encoding": "gzip", **request.headers}
    limit = urllib3.Timeout(total=timeout)
    with as_transport_error(urllib3.exceptions.HTTPError, OSError):
        response = http.request(
            request.method, request.url, headers=headers, timeout=limit, retries=False, preload_content=False
        )
        with ResponseBody(response.status, response.headers.get("content-encoding"), request.max_body) as body:
            for piece in response.stream(16_384, decode_content=False):
                body.feed(piece)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status, names, body.finish())

"""What the loops with and without asyncio have in common."""

from dataclasses import replace
from inspect import iscoroutinefunction

from spongewatch import (
    Auth,
    Credentials,
    Emitted,
    Format,
    ImportSession,
    LocalProtocolError,
    PollPolicy,
    Response,
    TransportError,
)

from .trace_writer import TraceWriter


def check_parts(session: object, transport: object, record: object, *, awaiting: bool = False) -> None:
    """Raise `LocalProtocolError` for what no loop can go on, an `async def send` among it unless this is `awaiting`."""
    if not isinstance(session, ImportSession):
        raise LocalProtocolError(f"what is watched is an ImportSession, not {type(session).__name__}")
    send = getattr(transport, "send", None)
    if not callable(send):
        raise LocalProtocolError(f"a transport has a method send, and {type(transport).__name__} has none")
    if iscoroutinefunction(send) and not awaiting:
        raise LocalProtocolError("the send of this transport is async, and only watch_async and wait_async await it")
    if not isinstance(record, TraceWriter | None):
        raise LocalProtocolError(f"record is a TraceWriter, not {type(record).__name__}")


def session_to_wait_with(
    import_id: str | int,
    credentials: Credentials | None,
    timeout: float | None,
    *,
    now: float,
    base_url: str,
    format: Format,
    auth: Auth,
    policy: PollPolicy | None,
    insecure_http: bool,
    echo: str | None = None,
) -> ImportSession:
    """A session of `policy`, with `timeout`, where there is one, in place of the policy's."""
    chosen = policy or PollPolicy()
    return ImportSession(
        import_id,
        credentials,
        now=now,
        base_url=base_url,
        format=format,
        auth=auth,
        echo=echo,
        policy=chosen if timeout is None else replace(chosen, timeout=timeout),
        insecure_http=insecure_http,
    )


def response_of(answer: object) -> Response:
    """What a transport gave; raises `LocalProtocolError` where that is no `Response`."""
    if not isinstance(answer, Response):
        raise LocalProtocolError(f"what a transport gives is a Response, not {type(answer).__name__}")
    return answer


def given_up(error: BaseException) -> TransportError:
    """What becomes of a poll that `error` ended, which is no transport's: an interrupt, a cancellation, a bug.

    >>> given_up(KeyboardInterrupt())
    TransportError('reset', 'the request was given up: KeyboardInterrupt', False)
    """
    return TransportError("reset", f"the request was given up: {type(error).__name__}")


def bring(
    session: ImportSession, answer: Response | TransportError, *, sent: float, now: float, record: TraceWriter | None
) -> tuple[Emitted, ...]:
    """Give the response to a poll, or its error, to the session and the recorder, without the credentials.

    Args:
        session: The session that was polled for.
        answer: The response, or the error, from the transport.
        sent: The session's `elapsed` when the request left, in seconds.
        now: The time, in seconds on the session's clock.
        record: The recorder, if there is one.

    Returns:
        The emitted items.
    """
    answer = session.clean(answer)
    if isinstance(answer, TransportError):
        told = session.receive_failure(answer, now=now)
    else:
        told = session.receive(answer, now=now)
    if record:
        record.exchange(session, sent, answer)
    return told

"""What the loops with and without asyncio have in common."""

from dataclasses import replace

from spongewatch import (
    Auth,
    Credentials,
    Emitted,
    Format,
    ImportSession,
    PollPolicy,
    Response,
    TransportError,
)

from .trace_writer import TraceWriter


def session_to_wait_with(
    import_id: str,
    credentials: Credentials,
    timeout: float | None,
    *,
    now: float,
    base_url: str,
    format: Format,
    auth: Auth,
    policy: PollPolicy | None,
    insecure_http: bool,
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
        policy=chosen if timeout is None else replace(chosen, timeout=timeout),
        insecure_http=insecure_http,
    )


def bring(
    session: ImportSession, answer: Response | TransportError, *, sent: float, now: float, record: TraceWriter | None
) -> tuple[Emitted, ...]:
    """Hand over what came of a poll that was `sent` at that moment of the session; gives what is emitted."""
    if isinstance(answer, Response):
        told = session.receive(answer, now=now)
    else:
        told = session.receive_failure(answer, now=now)
    if record:
        record.exchange(session, sent, answer)
    return told

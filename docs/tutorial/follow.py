import sys

from spongewatch import Completed, Credentials, ImportSession, PollPolicy
from spongewatch.transports import SystemClock, Urllib3Transport, watch

import_id, base_url = sys.argv[1:]
clock = SystemClock()
session = ImportSession(
    import_id,
    Credentials("demo-key", "demo-password"),
    now=clock.now(),
    base_url=base_url,
    policy=PollPolicy(interval=0.1, consent_timeout=300),
)
with Urllib3Transport() as transport:
    for item in watch(session, transport, clock=clock):
        print(item.to_json()["kind"], session.state.name, session.contact_count)

match session.outcome:
    case Completed(contact_count):
        print(f"fetch {contact_count} contacts now")
    case outcome:
        print(f"no contacts: {outcome}")

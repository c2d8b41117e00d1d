import sys

from spongewatch import Client, Completed, PollPolicy

import_id, base_url = sys.argv[1:]
policy = PollPolicy(interval=0.1, consent_timeout=300)
with Client("demo-key", "demo-password", base_url=base_url, policy=policy) as client:
    watching = client.watch(import_id)
    session = watching.session
    for item in watching:
        print(item.to_json()["kind"], session.state.name, session.contact_count)

    match session.outcome:
        case Completed():
            print(f"downloaded {len(client.contacts(import_id))} contacts")
        case outcome:
            print(f"no contacts: {outcome}")

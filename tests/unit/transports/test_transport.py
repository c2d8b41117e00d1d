import inspect

from spongewatch.transports.recordings.replay import ReplayTransport
from spongewatch.transports.transport import Transport


def test_the_contract_is_two_methods_and_the_replay_keeps_it():
    contract = [name for name in vars(Transport) if not name.startswith("_")]
    assert contract == ["send", "close"]
    for name in contract:
        kept, asked = (inspect.signature(getattr(kind, name)) for kind in (ReplayTransport, Transport))
        assert kept.parameters.keys() == asked.parameters.keys()

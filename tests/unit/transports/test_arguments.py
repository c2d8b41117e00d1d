import pytest

from spongewatch import InvalidArgument, InvalidType
from spongewatch.transports import ThreadedTransport, Urllib3Transport
from spongewatch.transports.testing import HandlerTransport

MAKERS = {
    "connections": lambda value: Urllib3Transport(connections=value),
    "threads": lambda value: ThreadedTransport(HandlerTransport(print), threads=value),
}


@pytest.mark.parametrize("value", [True, 1.5, "many", None])
@pytest.mark.parametrize("name", MAKERS)
def test_a_count_must_be_an_int(name, value):
    with pytest.raises(InvalidType, match=f"^{name} must be an int, not {type(value).__name__}$"):
        MAKERS[name](value)


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("name", MAKERS)
def test_a_count_must_be_at_least_one(name, value):
    with pytest.raises(InvalidArgument, match=f"^{name} must be at least 1, not {value}$"):
        MAKERS[name](value)

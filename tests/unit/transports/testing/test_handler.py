import pytest

from spongewatch import Request, Response, TransportError
from spongewatch.transports import Transport, testing

REQUEST = Request("GET", "https://api.example/events/1126.json", {"accept": "application/json"})


def test_the_response_of_the_function_is_returned():
    requests = []

    def handler(request):
        requests.append(request)
        return Response(204)

    transport: Transport = testing.HandlerTransport(handler)
    assert transport.send(REQUEST, timeout=1.0) == Response(204)
    assert requests == [REQUEST]


def test_errors_of_the_function_are_raised():
    def refuse(request):
        raise TransportError("refused", "the host is down")

    with pytest.raises(TransportError, match="refused: the host is down"):
        testing.HandlerTransport(refuse).send(REQUEST, timeout=1.0)


def test_close_can_be_called_twice():
    transport = testing.HandlerTransport(lambda request: Response(204))
    transport.close()
    transport.close()

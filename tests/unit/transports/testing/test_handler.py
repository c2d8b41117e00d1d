import pytest

from spongewatch import Request, Response, TransportError
from spongewatch.transports import Transport, testing

REQUEST = Request("GET", "https://api.example/events/1126.json", {"accept": "application/json"})


def test_a_function_gives_the_answer():
    asked = []

    def answer(request):
        asked.append(request)
        return Response(204)

    transport: Transport = testing.HandlerTransport(answer)
    assert transport.send(REQUEST, timeout=1.0) == Response(204)
    assert asked == [REQUEST]


def test_what_a_function_raises_comes_through():
    def refuse(request):
        raise TransportError("refused", "nobody is there")

    with pytest.raises(TransportError, match="refused: nobody is there"):
        testing.HandlerTransport(refuse).send(REQUEST, timeout=1.0)


def test_it_may_be_closed_more_than_once():
    transport = testing.HandlerTransport(lambda request: Response(204))
    transport.close()
    transport.close()

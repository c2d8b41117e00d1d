"""`Simulator`: a simulated CloudSponge that plays one import over real HTTP."""

from collections.abc import Callable
from sys import float_info
from time import monotonic
from typing import Self, final

from ...core import Credentials, InvalidArgument, InvalidType, LocalProtocolError
from ...core._shared import checked_import_id, shown
from ..recordings.recording import Recording
from ..unpicklable import Unpicklable
from .ledger import Ledger, ServedRequest
from .playback import recorded_results, scenario_results
from .scenarios import Scenario, scenario_named
from .server import HOST, Server
from .service import Service

_DEMO = Credentials("demo-key", "demo-password")


@final
class Simulator(Unpicklable):
    """A simulated service on 127.0.0.1, for tests and for trying things out.

    It plays one import: a scenario, as time goes by, or a recording, one recorded response a poll. It listens between
    `start` and `close`, or in a `with` block, in threads of its own.

    A recording is played regardless of its times: responses as they were recorded, a dropped connection for each
    recorded error, and after the last poll the last response with status 200 again and again. Closing a simulator in a
    forked process does not affect the parent process.

    Args:
        scenario: A name in `SCENARIOS`, or a `Scenario`. Its time starts at the first authorized poll.
        recording: A recording to play instead of a scenario, e.g. from `open_recording`.
        speed: How many times as fast as `clock` the scenario's time runs.
        domain_key: The key that requests must carry, as HTTP Basic or in the query.
        domain_password: The password that requests must carry.
        import_id: The id of the import; ignored if the recording names one.
        port: The port to listen on; 0 for any free port.
        clock: Returns the time in seconds.

    Raises:
        InvalidArgument: There is no such scenario, the recording contains no responses, or `speed`, `port` or
            `import_id` is out of range.
        InvalidType: `scenario`, `speed`, `port` or `import_id` has the wrong type.
        RecordingError: The recording can't be read to its end.

    >>> from http.client import HTTPConnection
    >>> from spongewatch import Credentials, decode
    >>> with Simulator("skips") as service:
    ...     login = Credentials(service.domain_key, service.domain_password).basic()
    ...     client = HTTPConnection(service.base_url.removeprefix("http://"))
    ...     client.request("GET", "/events/1126.json", headers={"authorization": login})
    ...     page = decode(client.getresponse().read())
    ...     client.close()
    >>> page.import_id, page.events[-1].type, [request.status for request in service.requests]
    ('1126', 'COMPLETE', [200])
    """

    def __init__(
        self,
        scenario: str | Scenario = "completes",
        *,
        recording: Recording | None = None,
        speed: float = 1.0,
        domain_key: str = _DEMO.domain_key,
        domain_password: str = _DEMO.domain_password,
        import_id: str | int = "1126",
        port: int = 0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._credentials = Credentials(domain_key, domain_password)
        self.import_id = checked_import_id(import_id)
        _check_speed(speed)
        _check_port(port)
        if recording is None:
            played = scenario if isinstance(scenario, Scenario) else scenario_named(scenario)
            results = scenario_results(played, speed, clock)
        else:
            named, results = recorded_results(recording)
            self.import_id = named or self.import_id
        self._service = Service(self.import_id, self._credentials, results)
        self._ledger = Ledger()
        self._port = port
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Listen, and respond to requests until `close`.

        Raises:
            LocalProtocolError: The simulator has been started before, or can't listen on its port.

        >>> service = Simulator()
        >>> service.start()
        >>> service.base_url.startswith("http://127.0.0.1:")
        True
        >>> service.close()
        """
        if self._server is not None:
            raise LocalProtocolError("the simulator has already been started; make a new one")
        try:
            self._server = Server(self._port, self._service, self._ledger)
        except OSError as error:
            raise LocalProtocolError(f"cannot listen on port {self._port}: {error.strerror}") from None
        self._port = self._server.server_address[1]
        self._server.start()

    def close(self) -> None:
        """Close all connections and end all threads; may be called again, and before `start`.

        >>> Simulator().close()
        """
        if self._server is not None:
            self._server.stop()

    @property
    def base_url(self) -> str:
        """The URL to pass as `base_url`.

        Raises:
            LocalProtocolError: The simulator has not been started.

        >>> with Simulator(port=0) as service:
        ...     service.base_url.startswith("http://127.0.0.1:")
        True
        """
        if self._server is None:
            raise LocalProtocolError("the simulator has no URL before it is started")
        return f"http://{HOST}:{self._port}"

    @property
    def domain_key(self) -> str:
        """The key that requests must carry.

        >>> Simulator().domain_key
        'demo-key'
        """
        return self._credentials.domain_key

    @property
    def domain_password(self) -> str:
        """The password that requests must carry, as a str whose repr hides it.

        >>> Simulator().domain_password == "demo-password"
        True
        """
        return self._credentials.domain_password

    @property
    def requests(self) -> list[ServedRequest]:
        """The requests so far, refused ones too, in the order in which they arrived.

        Requests in progress are waited for, for up to 10 seconds, so that a client that has its response finds its
        request here.

        >>> Simulator().requests
        []
        """
        return self._ledger.requests()

    @property
    def connections(self) -> int:
        """The number of connections that clients have made.

        >>> Simulator().connections
        0
        """
        return self._ledger.connections


def _check_speed(speed: float) -> None:
    if not isinstance(speed, int | float):
        raise InvalidType(f"speed must be a number, not {type(speed).__name__}")
    if not 0 < speed <= float_info.max:
        raise InvalidArgument(f"speed must be a number above 0, not {shown(speed)}")


def _check_port(port: int) -> None:
    if type(port) is not int:
        raise InvalidType(f"port must be an int, not {type(port).__name__}")
    if not 0 <= port <= 65535:
        raise InvalidArgument(f"port must be from 0 to 65535, not {port}")

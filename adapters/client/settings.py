"""`ClientSettings`: what `Client` and `AsyncClient` know of the service, and the requests that they make of it."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, final

from ...core import (
    BegunImport,
    Credentials,
    ImportSession,
    InvalidArgument,
    PollPolicy,
    Request,
    Response,
    begin_request,
    contacts_request,
    read_begun,
)
from ...core._shared import Auth, Format, Secret

KEY_VARIABLE: Final = "CLOUDSPONGE_DOMAIN_KEY"
PASSWORD_VARIABLE: Final = "CLOUDSPONGE_DOMAIN_PASSWORD"  # noqa: S105 # the name of a variable


def credentials_from_env() -> Credentials:
    """Return the credentials in the environment.

    Raises:
        InvalidArgument: A variable is not set, or can't be used.
    """
    for name in (KEY_VARIABLE, PASSWORD_VARIABLE):
        if not os.environ.get(name):
            raise InvalidArgument(f"the environment variable {name} is not set")
    return Credentials(os.environ[KEY_VARIABLE], os.environ[PASSWORD_VARIABLE])


@final
@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Which service a client talks to, and how; raises what `ImportSession` raises for settings that can't be used."""

    credentials: Credentials
    base_url: str = field(repr=False)
    policy: PollPolicy
    format: Format
    auth: Auth
    insecure_http: bool

    def __post_init__(self) -> None:
        self.session("1", now=0.0, timeout=None)  # checks all of them

    def session(self, import_id: str | int, *, now: float, timeout: float | None) -> ImportSession:
        """Return a new session for an import."""
        return ImportSession(
            import_id,
            self.credentials,
            now=now,
            base_url=self.base_url,
            format=self.format,
            auth=self.auth,
            policy=self.policy if timeout is None else replace(self.policy, timeout=timeout),
            insecure_http=self.insecure_http,
        )

    def resumed(self, saved: str, *, now: float) -> ImportSession:
        """Return the session that was saved."""
        return ImportSession.resume(
            saved,
            self.credentials,
            now=now,
            base_url=self.base_url,
            auth=self.auth,
            insecure_http=self.insecure_http,
        )

    def begin(
        self,
        service: str,
        *,
        username: str | None,
        password: str | None,
        include: Iterable[str],
        redirect_url: str | None,
        user_id: str | None,
        echo: str | None,
    ) -> tuple[Request, Callable[[Response], BegunImport]]:
        """Return the request that begins an import, and the function that reads its response."""
        try:
            request = begin_request(
                service,
                self.credentials,
                username=username,
                password=password,
                include=include,
                redirect_url=redirect_url,
                user_id=user_id,
                echo=echo,
                base_url=self.base_url,
                auth=self.auth,
                insecure_http=self.insecure_http,
            )
            pair = Secret(f"{self.credentials.domain_key}:{self.credentials.domain_password}")
            secrets = (self.credentials.domain_password, pair, Secret(password or ""))
            return request, partial(read_begun, needs_consent=username is None, secrets=secrets)
        finally:
            del username, password  # error reporters print the locals of the frames that raise

    def page(self, import_id: str | int) -> Callable[[int], Request]:
        """Return a function that makes the request for the page of contacts with a given start."""
        make = partial(
            contacts_request,
            import_id,
            self.credentials,
            base_url=self.base_url,
            auth=self.auth,
            insecure_http=self.insecure_http,
        )
        make(start=0)  # an import id that can't be used is reported before anything is sent
        return lambda start: make(start=start)

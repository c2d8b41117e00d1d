"""The pair that CloudSponge knows an application by, and how it goes into a request."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import final

from .errors import LocalProtocolError
from .redaction import Redaction


@final
@dataclass(frozen=True, slots=True)
class Credentials:
    """A domain key and its password; neither is ever shown.

    Raises `LocalProtocolError` for one that is empty or holds a control character, and for a key with a
    colon in it, at which HTTP Basic would split the pair.

    >>> Credentials("key", "password")
    Credentials()
    """

    domain_key: str = field(repr=False)
    domain_password: str = field(repr=False)
    redaction: Redaction = field(init=False, repr=False, compare=False)
    """Takes the password, and the pair, out of what is kept or shown."""

    def __post_init__(self) -> None:
        for name, secret in (("key", self.domain_key), ("password", self.domain_password)):
            if not isinstance(secret, str) or not secret:
                raise LocalProtocolError(f"the domain {name} is missing")
            if any(ord(character) < 32 or ord(character) == 127 for character in secret):
                raise LocalProtocolError(f"the domain {name} holds a control character, such as a line feed")
            if any(0xD800 <= ord(character) < 0xE000 for character in secret):
                raise LocalProtocolError(f"the domain {name} holds half a character, which UTF-8 can't write")
        if ":" in self.domain_key:
            raise LocalProtocolError("a domain key holds no colon")
        secrets = (self.domain_password, f"{self.domain_key}:{self.domain_password}")
        object.__setattr__(self, "redaction", Redaction(secrets))

    def basic(self) -> str:
        """The value of an `Authorization` header, the pair encoded as UTF-8."""
        pair = f"{self.domain_key}:{self.domain_password}".encode()
        return f"Basic {b64encode(pair).decode()}"

"""The pair that CloudSponge knows an application by, and how it goes into a request."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import final

from .errors import LocalProtocolError
from .redaction import Redaction
from .secret import Secret


@final
@dataclass(frozen=True, slots=True, init=False)
class Credentials:
    """A domain key and its password; the repr shows neither.

    Args:
        domain_key: The domain key, without a colon, at which HTTP Basic splits the pair.
        domain_password: The password of the domain key.

    Raises:
        LocalProtocolError: One of them is empty, is not a `str`, or holds a control character or a lone surrogate; or
            the key holds a colon.

    >>> Credentials("key", "password")
    Credentials()
    """

    domain_key: str = field(repr=False)
    domain_password: str = field(repr=False)
    _basic: Secret = field(repr=False, compare=False)
    redaction: Redaction = field(repr=False, compare=False)
    """Removes the password, and what HTTP Basic sends, from responses and errors."""

    def __init__(self, domain_key: str, domain_password: str) -> None:
        problem = _problem("key", domain_key) or _problem("password", domain_password)
        if not problem and ":" in domain_key:
            problem = "a domain key holds no colon"
        if problem:
            del domain_key, domain_password  # error reporters print the locals of the frames that raise
            raise LocalProtocolError(problem)
        object.__setattr__(self, "domain_key", domain_key)
        object.__setattr__(self, "domain_password", Secret(domain_password))
        pair = Secret(f"{domain_key}:{domain_password}")
        object.__setattr__(self, "_basic", Secret(f"Basic {b64encode(pair.encode()).decode()}"))
        object.__setattr__(self, "redaction", Redaction(domain_password, pair))

    def basic(self) -> str:
        """Return the value of the `Authorization` header: the pair in UTF-8 and base64 (RFC 7617)."""
        return self._basic


def _problem(name: str, text: object) -> str | None:
    if not isinstance(text, str) or not text:
        return f"the domain {name} is missing"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return f"the domain {name} holds a control character, such as a line feed"
    if any(0xD800 <= ord(character) < 0xE000 for character in text):
        return f"the domain {name} holds half a character, which UTF-8 can't write"
    return None

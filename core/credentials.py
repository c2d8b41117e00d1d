"""`Credentials`: the domain key and password of a CloudSponge account, and how they are sent."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import final

from .errors import InvalidArgument, InvalidType, wrong_type
from .redaction import Redaction
from .secret import Secret


@final
@dataclass(frozen=True, slots=True, init=False)
class Credentials:
    """A domain key and its password. The repr shows neither.

    Args:
        domain_key: The domain key.
        domain_password: The password of the domain key.

    Raises:
        InvalidType: One of them is not a str.
        InvalidArgument: One of them is empty, or contains a control character or a lone surrogate; or the key contains
            a colon, at which HTTP Basic splits the pair (RFC 7617 §2).

    >>> Credentials("key", "password")
    Credentials()
    """

    domain_key: str = field(repr=False)
    domain_password: str = field(repr=False)
    _basic: Secret = field(repr=False, compare=False)
    redaction: Redaction = field(repr=False, compare=False)
    """Removes the password, and what HTTP Basic sends, from responses and errors."""

    def __init__(self, domain_key: str, domain_password: str) -> None:
        error = _error("domain_key", domain_key) or _error("domain_password", domain_password)
        if not error and ":" in domain_key:
            error = InvalidArgument("domain_key must not contain a colon")
        if error:
            del domain_key, domain_password  # error reporters print the locals of the frames that raise
            raise error
        object.__setattr__(self, "domain_key", domain_key)
        object.__setattr__(self, "domain_password", Secret(domain_password))
        pair = Secret(f"{domain_key}:{domain_password}")
        object.__setattr__(self, "_basic", Secret(f"Basic {b64encode(pair.encode()).decode()}"))
        object.__setattr__(self, "redaction", Redaction(domain_password, pair))

    def basic(self) -> str:
        """Return the value of the `Authorization` header: the pair in UTF-8 and base64 (RFC 7617).

        >>> print(Credentials("key", "password").basic())
        Basic a2V5OnBhc3N3b3Jk
        """
        return self._basic


def _error(parameter: str, text: object) -> InvalidArgument | InvalidType | None:
    if not isinstance(text, str):
        return wrong_type(parameter, "a str", text)
    if not text:
        return InvalidArgument(f"{parameter} must not be empty")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return InvalidArgument(f"{parameter} must not contain control characters, such as a line feed")
    if any(0xD800 <= ord(character) < 0xE000 for character in text):
        return InvalidArgument(f"{parameter} must not contain lone surrogates, which UTF-8 can't encode")
    return None

"""Checks of arguments that several transports share."""

from ..core import InvalidArgument, InvalidType
from ..core._shared import shown


def at_least_one(name: str, value: int) -> int:
    """Return `value`, the argument for parameter `name`, if it is an int of at least 1.

    Raises:
        InvalidType: It is not an int.
        InvalidArgument: It is less than 1.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidType(f"{name} must be an int, not {type(value).__name__}")
    if value < 1:
        raise InvalidArgument(f"{name} must be at least 1, not {shown(value)}")
    return value

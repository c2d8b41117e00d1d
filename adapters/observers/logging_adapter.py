"""`LoggingAdapter`: emitted items as records of the standard `logging` module."""

import logging
from collections.abc import Mapping
from typing import assert_never, final

from ...core import (
    Anomaly,
    Cancelled,
    Completed,
    Emitted,
    Ended,
    InvalidType,
    LostContact,
    PollFailed,
    Rejected,
    Transition,
)
from ...core._shared import printable
from ..phrases import description_of, name_of

_PREFIX = "spongewatch."


@final
class LoggingAdapter:
    """Log each emitted item as one record. A poll without news emits nothing, so it isn't logged.

    Levels:

    - INFO: a transition, and the end of a watch as completed or cancelled.
    - WARNING: a transition that fails the import, an anomaly, a failed poll, and the end as failed, abandoned or
      timed out.
    - ERROR: the end as lost contact or rejected, because the fate of the import is unknown then.

    The message is one short sentence. `extra` has the keys of the item's `to_json`, flattened and prefixed so that
    they can't collide with the attributes of a `LogRecord`: `spongewatch.kind`, `spongewatch.at` (seconds),
    `spongewatch.import_id`, `spongewatch.event.type` and so on. Unprintable characters from the service are escaped
    in both. If the level is disabled, nothing is computed.

    Args:
        logger: A logger or its name; by default the logger `spongewatch`.

    Raises:
        InvalidType: `logger` is neither a `logging.Logger` nor a str.

    >>> import logging
    >>> import sys
    >>> from spongewatch.transports import replay
    >>> logger = logging.getLogger("an.example")
    >>> logger.setLevel(logging.WARNING)
    >>> logger.addHandler(logging.StreamHandler(sys.stdout))
    >>> adapter = LoggingAdapter(logger)
    >>> for item in replay("docs/traces/abandoned.jsonl"):
    ...     adapter(item)
    import 1127: ERROR: failed with error code 514
    watch of import 1127 ended: abandoned in INITIALIZING with error code 514: The person declined to share their \
contacts. Ask the person: they must act before a new import can succeed.
    """

    __slots__ = ("_logger",)

    def __init__(self, logger: logging.Logger | str | None = None) -> None:
        if logger is None or isinstance(logger, str):
            logger = logging.getLogger("spongewatch" if logger is None else logger)
        if not isinstance(logger, logging.Logger):
            raise InvalidType(f"logger must be a logging.Logger or a str, not {type(logger).__name__}")
        self._logger = logger

    def __call__(self, item: Emitted) -> None:
        """Log `item` if its level is enabled.

        >>> LoggingAdapter(logging.Logger("silent.example"))(PollFailed("1126", 1.0, 1, "status 503", 2.5))
        """
        level = _level(item)
        if self._logger.isEnabledFor(level):
            # A template for each kind of item, because log aggregators group records by it.
            message = "watch of import %s ended: %s" if isinstance(item, Ended) else f"import %s: {name_of(item)}: %s"
            import_id = "(no id)" if item.import_id is None else item.import_id
            texts = printable(import_id), printable(description_of(item))
            self._logger.log(level, message, *texts, extra=_flat(_PREFIX, item.to_json()))


def _level(item: Emitted) -> int:
    match item:
        case Transition(trigger=trigger):
            return logging.WARNING if trigger == "fail" else logging.INFO
        case Ended(outcome=Completed() | Cancelled()):
            return logging.INFO
        case Ended(outcome=LostContact() | Rejected()):
            return logging.ERROR
        case Anomaly() | PollFailed() | Ended():
            return logging.WARNING
        case _:
            assert_never(item)


def _flat(prefix: str, obj: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in obj.items():
        if isinstance(value, Mapping):
            flat |= _flat(f"{prefix}{name}.", value)
        else:
            flat[prefix + name] = printable(value) if isinstance(value, str) else value
    return flat

"""Reads YAML from untrusted sources as lists, mappings, strings and bytes.

Numbers stay strings, merge keys are ordinary keys, and tags that make objects are errors. Aliases share the value that
they refer to; each counts as many pieces as that value, so that walking through the result takes bounded time.
"""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ....core._shared import printable, shortened

if TYPE_CHECKING:
    import yaml

MAX_PIECES: Final = 1_000_000
"""Upper bound for the pieces of a file: scalars (long ones are several), and starts and ends of collections."""

_PIECE = 256
_DEEPEST = 100
_CORE = "tag:yaml.org,2002:"
_BINARY = {f"{_CORE}binary", "!binary"}
_PLAIN = {
    None,
    "!",
    *(_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")),
    *(_CORE + name for name in ("python/str", "python/unicode", "python/tuple")),  # early versions of vcrpy
    "!tape",  # Java's Betamax: a mapping
}
_NULLS = {"", "~", "null", "Null", "NULL"}


class YamlError(ValueError):
    """The data is not YAML, or uses features that are not supported."""


def read_yaml(data: bytes) -> object:
    r"""Return the first document in `data`.

    Raises:
        YamlError: It is not YAML, or uses features that are not supported.
        ImportError: PyYAML is not installed.

    >>> read_yaml(b"a: &x [1, ~]\nb: *x")
    {'a': ['1', None], 'b': ['1', None]}
    """
    import yaml  # the extra [yaml], needed for cassettes only

    try:
        return _built(yaml.parse(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except YamlError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise YamlError(f"not valid YAML{line}") from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise YamlError("not valid YAML") from None


def _built(events: Iterator["yaml.Event"]) -> object:
    from yaml import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentEndEvent, ScalarEvent

    root: list[object] = []
    # For each open collection: its value, its items so far, its anchor, and the pieces before it.
    levels: list[tuple[object, list[object], str | None, int]] = [(root, root, None, 0)]
    anchored: dict[str, tuple[object, int]] = {}  # complete values by their anchors, with their pieces
    pieces = 0
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor not in anchored:  # an open collection is not in it: its value would contain itself
                raise YamlError(f"not valid YAML at {_line(event)}: undefined alias")
            value, size = anchored[event.anchor]
            levels[-1][1].append(value)
            pieces += size
        elif isinstance(event, ScalarEvent):
            value, size = _value(event), 1 + len(event.value) // _PIECE
            levels[-1][1].append(value)
            pieces += size
            if event.anchor:
                anchored[event.anchor] = value, size
        elif isinstance(event, CollectionStartEvent):
            value = _value(event)
            levels[-1][1].append(value)
            levels.append((value, value if isinstance(value, list) else [], event.anchor, pieces))
            pieces += 1
        elif isinstance(event, CollectionEndEvent):
            value, items, anchor, before = levels.pop()
            if isinstance(value, dict):
                value.update(_pairs(items, event))
            pieces += 1
            if anchor:
                anchored[anchor] = value, pieces - before
        elif isinstance(event, DocumentEndEvent):
            break
        if pieces > MAX_PIECES:
            raise YamlError(f"too large: more than {MAX_PIECES:,} values")
        if len(levels) > _DEEPEST:
            raise YamlError(f"nested more than {_DEEPEST} levels deep")
    return root[0] if root else None


def _value(event: "yaml.ScalarEvent | yaml.CollectionStartEvent") -> object:
    """Return a scalar, or an empty list or mapping."""
    from yaml import MappingStartEvent, ScalarEvent

    if event.tag not in _PLAIN and not (event.tag in _BINARY and isinstance(event, ScalarEvent)):
        tag = printable(shortened(str(event.tag).replace(_CORE, "!!")))
        raise YamlError(f"unsupported tag {tag} at {_line(event)}; record the cassette with plain values")
    if not isinstance(event, ScalarEvent):
        return {} if isinstance(event, MappingStartEvent) else []
    if event.tag in _BINARY:
        try:
            return base64.b64decode("".join(event.value.split()), validate=True)
        except ValueError:
            raise YamlError(f"!!binary at {_line(event)} is not valid base64") from None
    return None if event.value in _NULLS and event.implicit[0] else event.value


def _pairs(items: list[object], event: "yaml.Event") -> Iterator[tuple[object, object]]:
    keys = items[::2]
    if not all(isinstance(key, str | bytes | None) for key in keys):
        raise YamlError(f"the mapping that ends at {_line(event)} has a key that is not a string")
    return zip(keys, items[1::2], strict=True)


def _line(event: "yaml.Event") -> str:
    assert event.start_mark is not None  # always set by parsers
    return f"line {event.start_mark.line + 1}"

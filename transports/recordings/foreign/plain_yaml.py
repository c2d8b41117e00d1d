"""YAML as lists, mappings, text and bytes, however hostile: no objects, and nothing that grows.

An alias stands for the value that it names, is never copied, and counts as what it stands for: whoever walks
through the values has no more to do than there is room for. Merge keys are keys like all others, and numbers stay
text.
"""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ....core._shared import printable, shortened

if TYPE_CHECKING:
    import yaml

MAX_PIECES: Final = 1_000_000
"""Pieces of a file: values, and the beginnings and ends of lists and mappings; a long text is several."""

_PIECE = 256
_DEEPEST = 100
_CORE = "tag:yaml.org,2002:"
_BINARY = {f"{_CORE}binary", "!binary"}
_PLAIN = {
    None,
    "!",
    *(_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")),
    *(_CORE + name for name in ("python/str", "python/unicode", "python/tuple")),  # of vcrpy's first cassettes
    "!tape",  # Java's Betamax: a mapping
}
_NULLS = {"", "~", "null", "Null", "NULL"}


class YamlError(ValueError):
    """A text that is not YAML, or more of YAML than is read here."""


def read_yaml(data: bytes) -> object:
    r"""The first document in `data`. Raises `YamlError`, and `ImportError` where PyYAML is missing.

    >>> read_yaml(b"a: &x [1, ~]\nb: *x")
    {'a': ['1', None], 'b': ['1', None]}
    """
    import yaml  # of the extra [yaml]; only cassettes need it

    try:
        return _built(yaml.parse(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except YamlError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise YamlError(f"is not YAML{line}") from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise YamlError("is not YAML") from None


def _built(events: Iterator["yaml.Event"]) -> object:
    from yaml import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentEndEvent, ScalarEvent

    root: list[object] = []
    # What is open, what stands in it so far, its name, and the pieces before it.
    levels: list[tuple[object, list[object], str | None, int]] = [(root, root, None, 0)]
    named: dict[str, tuple[object, int]] = {}  # what is whole and has a name, and its pieces
    pieces = 0
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor not in named:  # nor has what is still open, which would be without end
                raise YamlError(f"is not YAML at {_line(event)}: nothing has the name of an alias")
            value, size = named[event.anchor]
            levels[-1][1].append(value)
            pieces += size
        elif isinstance(event, ScalarEvent):
            value, size = _value(event), 1 + len(event.value) // _PIECE
            levels[-1][1].append(value)
            pieces += size
            if event.anchor:
                named[event.anchor] = value, size
        elif isinstance(event, CollectionStartEvent):
            value = _value(event)
            levels[-1][1].append(value)
            levels.append((value, value if isinstance(value, list) else [], event.anchor, pieces))
            pieces += 1
        elif isinstance(event, CollectionEndEvent):
            value, items, name, before = levels.pop()
            if isinstance(value, dict):
                value.update(_pairs(items, event))
            pieces += 1
            if name:
                named[name] = value, pieces - before
        elif isinstance(event, DocumentEndEvent):
            break
        if pieces > MAX_PIECES:
            raise YamlError(f"is YAML of more than {MAX_PIECES:,} pieces")
        if len(levels) > _DEEPEST:
            raise YamlError(f"is YAML of more than {_DEEPEST} levels")
    return root[0] if root else None


def _value(event: "yaml.ScalarEvent | yaml.CollectionStartEvent") -> object:
    """A scalar, or a list or mapping that is to be filled."""
    from yaml import MappingStartEvent, ScalarEvent

    if event.tag not in _PLAIN and not (event.tag in _BINARY and isinstance(event, ScalarEvent)):
        tag = printable(shortened(str(event.tag).replace(_CORE, "!!")))
        raise YamlError(f"holds an object, tagged {tag}, at {_line(event)}; of a cassette only plain values are read")
    if not isinstance(event, ScalarEvent):
        return {} if isinstance(event, MappingStartEvent) else []
    if event.tag in _BINARY:
        try:
            return base64.b64decode("".join(event.value.split()), validate=True)
        except ValueError:
            raise YamlError(f"has a !!binary at {_line(event)} that is not base64") from None
    return None if event.value in _NULLS and event.implicit[0] else event.value


def _pairs(items: list[object], event: "yaml.Event") -> Iterator[tuple[object, object]]:
    keys = items[::2]
    if not all(isinstance(key, str | bytes | None) for key in keys):
        raise YamlError(f"has a mapping, ending at {_line(event)}, with a key that is no text")
    return zip(keys, items[1::2], strict=True)


def _line(event: "yaml.Event") -> str:
    assert event.start_mark is not None  # as it is in whatever a parser makes
    return f"line {event.start_mark.line + 1}"

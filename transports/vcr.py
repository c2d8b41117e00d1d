"""Cassettes, as Python's vcrpy and Ruby's vcr write them, as a recording of polls.

vcrpy writes no times; vcr writes when the answer was recorded, to the second.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

from spongewatch import shown

from .captured import (
    Captured,
    CapturedAnswer,
    CapturedRequest,
    EntryError,
    answer_of,
    body_of,
    headers_of,
    member,
    seconds_of,
    text_of,
)
from .plain_yaml import YamlError, read_yaml
from .recording import RecordingError

_LISTS = ("http_interactions", "interactions")
"""What the two libraries call the list of what they recorded."""

_START = 65_536
"""Bytes in which a cassette in YAML shows what it is, behind whatever comments."""

_MAX_MOMENT = 100
"""Characters."""

# As cassettes begin: nothing else is worth a YAML parser, and with directives, which take it long, none does.
_YAML = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:[ \t\r]*(?:\#[^\n]*)?\n)*
    (?:---[ \t\r\n]|["']?(?:http_)?interactions["']?[ \t]*:|version[ \t]*:|recorded_with[ \t]*:)""",
    re.VERBOSE,
)


def is_cassette(obj: object) -> bool:
    """True for what a cassette holds, whole or not."""
    return any(isinstance(member(obj, name), list) for name in _LISTS)


def is_yaml_cassette(data: bytes) -> bool:
    """True for a file that begins as a cassette in YAML does."""
    return _YAML.match(data[:_START]) is not None


def read_yaml_cassette(path: Path, data: bytes, import_id: str | None) -> Captured:
    """The polls in `data`, the content of the YAML file at `path`; raises `RecordingError`, without PyYAML too."""
    try:
        cassette = read_yaml(data)
    except YamlError as error:
        raise RecordingError(path, str(error)) from None
    except ImportError:
        problem = 'looks like a cassette in YAML; to read it, install the extra: pip install "spongewatch[yaml]"'
        raise RecordingError(path, problem) from None
    if not is_cassette(cassette):
        raise RecordingError(path, f"is YAML, but no cassette: it has no list of {' or '.join(_LISTS)}")
    return read_cassette(path, cassette, import_id)


def read_cassette(path: Path, cassette: object, import_id: str | None) -> Captured:
    """The polls in `cassette`, an object read from the file at `path`; raises `RecordingError`."""
    lists = (member(cassette, name) for name in _LISTS)
    interactions = next(found for found in lists if isinstance(found, list))
    return Captured(path, _requests(interactions), import_id, word="interaction")


def _requests(interactions: list[object]) -> Iterator[CapturedRequest]:
    for interaction in interactions:
        request = member(interaction, "request")
        method, uri = text_of(member(request, "method")), text_of(member(request, "uri"))
        if isinstance(method, str):
            method = method.removeprefix(":")  # a symbol of Ruby
        yield CapturedRequest(method, uri, _headers(request), partial(_read, interaction))


def _headers(message: object) -> Iterator[tuple[object, object]]:
    headers = member(message, "headers")
    for name, values in headers.items() if isinstance(headers, dict) else []:
        for value in values if isinstance(values, list) else [values]:
            yield name, value


def _read(interaction: object) -> CapturedAnswer:
    response = member(interaction, "response")
    if member(response, "status_code") is not None:  # as vcrpy recorded httpx at first
        status, body = member(response, "status_code"), body_of(member(response, "content"))
    else:
        status, body = member(response, "status", "code"), _body(response)
    answer = answer_of(status, headers_of(_headers(response)), body)
    return CapturedAnswer(_moment(member(interaction, "recorded_at")), 0.0, answer)


def _body(response: object) -> bytes:
    body = member(response, "body")
    encoded = member(body, "base64_string")
    if encoded is not None:
        return body_of(encoded, in_base64=True)
    return body_of(member(body, "string") if isinstance(body, dict) else body)


def _moment(recorded_at: object) -> float | None:
    if recorded_at in (None, ""):
        return None
    if isinstance(recorded_at, str) and len(recorded_at) <= _MAX_MOMENT:
        with suppress(ValueError):
            return seconds_of(datetime.fromisoformat(re.sub(" (?=[-+Z])", "", recorded_at)))  # Psych has a blank there
        with suppress(ValueError, OverflowError, IndexError, TypeError):
            return seconds_of(parsedate_to_datetime(recorded_at))
    told = shown(recorded_at) if isinstance(recorded_at, str | int | float) else "no text"
    raise EntryError(f"its recorded_at is {told}, not a time such as Mon, 02 Nov 2026 09:14:07 GMT")

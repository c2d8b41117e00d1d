"""Reads cassettes: recordings by vcrpy and betamax (Python), vcr (Ruby), and similar tools in other languages."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from ....core import TransportError
from ..recording import RecordingError
from .bodies import body_of, is_positive, status_of, with_body, without_body
from .captured import Captured
from .headers import first_of, headers_of
from .plain_yaml import YamlError, read_yaml
from .polls import MAX_BODIES
from .request import NOT_RECORDED, CapturedRequest, CapturedResponse, member
from .times import duration_of, moment_of

_LISTS: Final = ("http_interactions", "interactions")
"""The key of the list of recorded exchanges; php-vcr and EasyVCR (.NET) write only the list."""

_START: Final = 65_536
"""Bytes at the start of a file by which a cassette in YAML is recognized, comments included."""

# The beginnings of cassettes. Other files are not parsed as YAML, nor are files with directives, which are slow.
_YAML = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:[ \t\r]*(?:\#[^\n]*)?\n)*
    (?:---[ \t\r\n]|!tape[ \t]*\r?\n|["']?(?:http_)?interactions["']?[ \t]*:|version[ \t]*:|recorded_with[ \t]*:
    |-[ \t]*(?:\r?\n[ \t]+)?["']?request["']?[ \t]*:)""",
    re.VERBOSE,
)

_ELSEWHERE = (
    "stores response bodies in other files, which is not supported; record it again with the bodies in the cassette"
)
_LEFT_OUT = "contains no response bodies; record it again with them"


_STATUSES: Final = (("status_code",), ("code",), ("status", "code"), ("status", "status_code"), ("status",))
"""The keys under which a response may have its status."""


def is_cassette(obj: object) -> bool:
    """Whether `obj` is the content of a cassette, valid or not."""
    return _interactions(obj) is not None


def is_yaml_cassette(data: bytes) -> bool:
    """Whether `data` begins like a cassette in YAML."""
    return _YAML.match(data[:_START]) is not None


def read_yaml_cassette(path: Path, data: bytes, import_id: str | None, max_bodies: int = MAX_BODIES) -> Captured:
    """Return the polls in `data`, the content of the YAML file at `path`.

    Raises:
        RecordingError: There are none, one of them can't be read, or PyYAML is not installed.
    """
    try:
        cassette = read_yaml(data)
    except YamlError as error:
        raise RecordingError(path, str(error)) from None
    except ImportError:
        problem = 'looks like a cassette in YAML; to read it, install the extra: pip install "spongewatch[yaml]"'
        raise RecordingError(path, problem) from None
    return read_cassette(path, cassette, import_id, max_bodies)


def read_cassette(path: Path, cassette: object, import_id: str | None, max_bodies: int = MAX_BODIES) -> Captured:
    """Return the polls in `cassette`, the content of the file at `path`.

    Raises:
        RecordingError: There are none, or one of them can't be read.
    """
    interactions = _interactions(cassette)
    if interactions is None:
        raise RecordingError(path, f"is not a cassette: it has no list {' or '.join(_LISTS)}")
    return Captured(path, _requests(interactions), import_id, word="interaction", max_bodies=max_bodies)


def _interactions(cassette: object) -> list[object] | None:
    if isinstance(cassette, list):
        return cassette if any(member(item, "request") and member(item, "response") for item in cassette) else None
    lists = (member(cassette, name) for name in _LISTS)
    return next((found for found in lists if isinstance(found, list)), None)


def _requests(interactions: list[object]) -> Iterator[CapturedRequest]:
    for interaction in interactions:
        yield CapturedRequest(member(interaction, "request"), partial(_read, interaction))


def _read(interaction: object) -> CapturedResponse:
    response = member(interaction, "response")
    headers = first_of(headers_of(response))
    moment = member(interaction, "recorded_at")
    if moment is None:
        moment = member(interaction, "recorded")  # in Java
    duration = member(interaction, "duration") or member(response, "duration")
    read = CapturedResponse(
        TransportError("reset", NOT_RECORDED),
        sent=moment_of(moment, "recorded_at"),
        took=duration_of(duration, "duration"),
        location=headers.get("location", ""),
    )
    status = _status(response)
    if status is None:
        return read
    body = member(response, "body")
    if str(member(body, "file")).lower() in ("yes", "true"):  # R's vcr
        return without_body(read, _ELSEWHERE)
    whole = _body(response, body)
    if status == 200 and not whole and is_positive(headers.get("content-length")):
        return without_body(read, _LEFT_OUT)
    return with_body(read, status, headers, whole)


def _status(response: object) -> int | None:
    """Return the status, under `code` in Go and PHP, under `status_code` in R and in vcrpy's httpx."""
    found = [member(response, *names) for names in _STATUSES]
    return next((status for status in map(status_of, found) if status is not None), None)


def _body(response: object, body: object) -> bytes:
    if body is None:
        body = member(response, "content")  # early versions of vcrpy with httpx
    encoded = member(body, "base64_string")
    if encoded is not None:
        return body_of(encoded, encoding="base64")
    return body_of(member(body, "string") if isinstance(body, dict) else body)

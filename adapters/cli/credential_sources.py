"""Where the command line finds the domain key and its password: never among its arguments.

A file that is named comes first, then the environment, then netrc, for exactly the service's host and never
its `default`.
"""

import netrc
import os
import stat
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ...core import Credentials, InvalidArgument, InvalidType, LocalProtocolError
from .streams import note

KEY_VARIABLE: Final = "CLOUDSPONGE_DOMAIN_KEY"
PASSWORD_VARIABLE: Final = "CLOUDSPONGE_DOMAIN_PASSWORD"
_LONGEST: Final = 64 * 1024
"""Bytes of a credentials file that are read."""


def find_credentials(file: str | None, base_url: str) -> Credentials:
    """The credentials in `file` (`-` is standard input), in the environment, or in netrc.

    `base_url` is one that a session takes. Raises `LocalProtocolError`, which says where they can be put, and
    never shows what was found.
    """
    if file is not None:
        return _from_file(file)
    found = _from_environment() or _from_netrc(base_url)
    if found is None:
        raise LocalProtocolError(
            f"no credentials: set {KEY_VARIABLE} and {PASSWORD_VARIABLE}, name a file with --credentials, "
            "or add the service's host to netrc"
        )
    return found


def _from_file(file: str) -> Credentials:
    try:
        data = _read_standard_input() if file == "-" else _read(Path(file))
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        # Without the name of the file: it may be the credentials themselves, put in the wrong place.
        raise LocalProtocolError(f"the file of --credentials can't be read: {problem}") from None
    line = text.rstrip("\r\n")
    if "\n" in line or ":" not in line:
        raise LocalProtocolError(f"--credentials {file}: has to be one line of the form key:password")
    key, _, password = line.partition(":")
    return Credentials(key, password)


def _read_standard_input() -> bytes:
    if sys.stdin is None:
        raise LocalProtocolError("--credentials -: standard input is closed")
    return sys.stdin.buffer.read(_LONGEST)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        _warn_of_readers(f"--credentials {path}", os.fstat(stream.fileno()).st_mode)
        return stream.read(_LONGEST)


def _from_environment() -> Credentials | None:
    key, password = os.environ.get(KEY_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
    if not key and not password:
        return None
    if not key or not password:
        missing = PASSWORD_VARIABLE if key else KEY_VARIABLE
        raise LocalProtocolError(f"{missing} is not set, though the other half of the credentials is")
    return Credentials(key, password)


def _from_netrc(base_url: str) -> Credentials | None:
    path = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    host = urlsplit(base_url).hostname
    if host is None or host == "default":  # which is what netrc calls its entry for all other hosts
        return None
    try:
        entry, mode = netrc.netrc(path).hosts.get(host), os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.environ.get("NETRC"):
            raise LocalProtocolError(f"no credentials: NETRC names {path}, which is not there") from None
        return None
    except (OSError, ValueError, netrc.NetrcParseError):
        raise LocalProtocolError(f"{path} can't be read as a netrc file") from None
    if entry is None:
        return None
    _warn_of_readers(path, mode)
    try:
        return Credentials(entry[0], entry[2] or "")
    except (InvalidArgument, InvalidType, LocalProtocolError) as error:
        raise LocalProtocolError(f"{path}: {error}") from None


def _warn_of_readers(named: str, mode: int) -> None:
    if stat.S_IMODE(mode) & 0o077:
        note(f"{named}: others can read this file; chmod 600 keeps it to you")

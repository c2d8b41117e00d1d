"""Find the domain key and password for the command line, and a person's own password.

They come from a file, the environment, netrc or a prompt. They are never arguments: every user of the machine can see
those in the list of processes.
"""

import netrc
import os
import signal
import stat
import sys
import warnings
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ...core import Credentials, InvalidArgument, SpongewatchError
from ..client.settings import KEY_VARIABLE, PASSWORD_VARIABLE
from .streams import note

PROVIDER_VARIABLE: Final = "SPONGEWATCH_PROVIDER_PASSWORD"
_MAX_BYTES: Final = 64 * 1024
"""How much of a credentials file is read."""


def find_credentials(file: str | None, base_url: str) -> Credentials:
    """Return the credentials from `file`, the environment or netrc, in this order.

    Args:
        file: A file with `key:password` on one line, `-` for standard input, or None.
        base_url: A valid base URL. Only the netrc entry of exactly its host is used, never the `default` entry.

    Raises:
        InvalidArgument: There are no credentials, or they can't be used. The message never contains them.
    """
    if file is not None:
        return _from_file(file)
    found = _from_environment() or _from_netrc(base_url)
    if found is None:
        raise InvalidArgument(
            f"no credentials found; set {KEY_VARIABLE} and {PASSWORD_VARIABLE}, use --credentials FILE, "
            "or add the service's host to netrc"
        )
    return found


def provider_password() -> str:
    """Return the person's password at the provider, from the environment or a prompt.

    Raises:
        InvalidArgument: There is none.
    """
    password = os.environ.get(PROVIDER_VARIABLE) or _prompted()
    if not password:
        raise InvalidArgument(
            f"--username needs the person's password; set {PROVIDER_VARIABLE} or type it in a terminal"
        )
    return password


def _prompted() -> str:
    # The command dies of a SIGINT by default, which would leave the terminal without echo.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # it would show what is typed
            return getpass("the person's password at the provider: ")
    except (EOFError, GetPassWarning):
        return ""
    finally:
        signal.signal(signal.SIGINT, before)


def _from_file(file: str) -> Credentials:
    if file == "-" and sys.stdin is None:
        raise InvalidArgument("--credentials -: standard input is closed")
    try:
        data = sys.stdin.buffer.read(_MAX_BYTES) if file == "-" else _read(Path(file))
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        # Without the name of the file: it may be the credentials themselves, in the wrong place.
        raise InvalidArgument(f"--credentials: cannot read the file: {problem}") from None
    line = text.rstrip("\r\n")
    if "\n" in line or ":" not in line:
        raise InvalidArgument(f"--credentials {file}: must contain one line of the form key:password")
    key, _, password = line.partition(":")
    return _credentials(f"--credentials {file}", key, password)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        _warn_if_readable_by_others(f"--credentials {path}", os.fstat(stream.fileno()).st_mode)
        return stream.read(_MAX_BYTES)


def _from_environment() -> Credentials | None:
    key, password = os.environ.get(KEY_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
    if not key and not password:
        return None
    if not key or not password:
        missing = PASSWORD_VARIABLE if key else KEY_VARIABLE
        raise InvalidArgument(f"{missing} is not set; {KEY_VARIABLE} and {PASSWORD_VARIABLE} are needed together")
    return _credentials("environment variables", key, password)


def _from_netrc(base_url: str) -> Credentials | None:
    path = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    host = urlsplit(base_url).hostname
    if host is None or host == "default":  # the key of netrc's entry for all other hosts
        return None
    try:
        entry, mode = netrc.netrc(path).hosts.get(host), os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.environ.get("NETRC"):
            raise InvalidArgument(f"no credentials found; NETRC is set to {path}, which doesn't exist") from None
        return None
    except (OSError, ValueError, netrc.NetrcParseError):
        raise InvalidArgument(f"cannot read {path} as a netrc file") from None
    if entry is None:
        return None
    _warn_if_readable_by_others(path, mode)
    return _credentials(path, entry[0], entry[2] or "")


def _credentials(source: str, key: str, password: str) -> Credentials:
    try:
        return Credentials(key, password)
    except SpongewatchError as error:
        raise InvalidArgument(f"{source}: {error}") from None


def _warn_if_readable_by_others(named: str, mode: int) -> None:
    if stat.S_IMODE(mode) & 0o077:
        note(f"warning: {named} is readable by other users; run chmod 600 on it")

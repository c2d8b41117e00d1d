"""Import ids: as an argument, and in the body of a recorded response."""

from ...core import InvalidArgument, RemoteProtocolError, Response, decode, is_import_id
from ...core._shared import import_id_text, shown


def checked_import_id(import_id: str | int) -> str:
    """Return the argument `import_id` as text.

    Raises:
        InvalidArgument: It is not a valid import id.
        InvalidType: It is neither a str nor an int.

    >>> checked_import_id(1126)
    '1126'
    """
    text = import_id_text(import_id)
    if not is_import_id(text):
        raise InvalidArgument(f"import_id must be an import id such as 1126, not {shown(text)}")
    return text


def import_id_in(response: Response) -> str | None:
    """Return the import id that the body of `response` names, None without one."""
    try:
        return decode(response.body, response.headers.get("content-type")).import_id
    except RemoteProtocolError:
        return None

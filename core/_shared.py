"""What the other folders need of the core, and its users don't: the names here are not public."""

from .download import Call, ContactsDownload, Pause, Steps, begin
from .endpoint import Auth, Format, checked_import_id, import_id_text
from .errors import TRANSPORT_ERROR_KINDS
from .exchange import MAX_BODY
from .redaction import Redaction
from .secret import Secret
from .text import printable, shortened, shown

__all__ = [
    "MAX_BODY",
    "TRANSPORT_ERROR_KINDS",
    "Auth",
    "Call",
    "ContactsDownload",
    "Format",
    "Pause",
    "Redaction",
    "Secret",
    "Steps",
    "begin",
    "checked_import_id",
    "import_id_text",
    "printable",
    "shortened",
    "shown",
]

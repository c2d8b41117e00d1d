"""What the other folders need of the core, and its users don't: the names here are not public."""

from .endpoint import Auth, Format, import_id_text
from .errors import TRANSPORT_ERROR_KINDS
from .exchange import MAX_BODY
from .redaction import Redaction
from .secret import Secret
from .text import printable, shortened, shown

__all__ = [
    "MAX_BODY",
    "TRANSPORT_ERROR_KINDS",
    "Auth",
    "Format",
    "Redaction",
    "Secret",
    "import_id_text",
    "printable",
    "shortened",
    "shown",
]

"""Names of the core that `transports` and `adapters` need. They are not public."""

from .endpoint import Auth, Format, checked_import_id, import_id_text
from .errors import TRANSPORT_ERROR_KINDS, TransportErrorKind, not_one_of, wrong_type
from .exchange import MAX_BODY
from .outcome_text import contacts_text, error_code_text, outcome_text
from .outcome_words import OUTCOME_NAMES, OUTCOME_REASONS, OutcomeWords, outcome_from_words, outcome_words
from .redaction import Redaction
from .secret import Secret
from .text import printable, shortened, shown

__all__ = [
    "MAX_BODY",
    "OUTCOME_NAMES",
    "OUTCOME_REASONS",
    "TRANSPORT_ERROR_KINDS",
    "Auth",
    "Format",
    "OutcomeWords",
    "Redaction",
    "Secret",
    "TransportErrorKind",
    "checked_import_id",
    "contacts_text",
    "error_code_text",
    "import_id_text",
    "not_one_of",
    "outcome_from_words",
    "outcome_text",
    "outcome_words",
    "printable",
    "shortened",
    "shown",
    "wrong_type",
]

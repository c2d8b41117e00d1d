"""Error codes: what they mean, and who can act.

Codes and categories are those of the protocol's page "Step 2: Wait for Import"; the explanations and remedies are ours.
The service adds codes, so a code that is not listed here is reported with the category UNKNOWN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, final

from .table import State


@final
class ErrorCategory(Enum):
    """The category of an error code.

    FAILED and ABANDONED are those of the protocol's page; UNKNOWN is a code that it does not list, or no code.

    >>> explain(514).category
    <ErrorCategory.ABANDONED: 'ABANDONED'>
    """

    FAILED = "FAILED"
    ABANDONED = "ABANDONED"
    UNKNOWN = "UNKNOWN"


@final
class Remedy(Enum):
    """Who can act on a failure.

    TRY_AGAIN: a new import may succeed. ASK_USER: the person has to do something first. FIX_SETUP: the application or
    its CloudSponge account has to be changed. NONE: no remedy is known.

    >>> explain(544).remedy
    <Remedy.FIX_SETUP: 'FIX_SETUP'>
    """

    TRY_AGAIN = "TRY_AGAIN"
    ASK_USER = "ASK_USER"
    FIX_SETUP = "FIX_SETUP"
    NONE = "NONE"


@final
@dataclass(frozen=True, slots=True)
class ErrorCode:
    """The meaning of an error code.

    Args:
        code: The code, or None for a failure without one.
        category: Whether the import failed or was abandoned.
        explanation: A sentence in English.
        remedy: Who can act.

    >>> explain(774)
    ErrorCode(code=774, category=<ErrorCategory.ABANDONED: 'ABANDONED'>, explanation='The person did not let \
the import read Microsoft Outlook.', remedy=<Remedy.ASK_USER: 'ASK_USER'>)
    """

    code: int | None
    category: ErrorCategory
    explanation: str
    remedy: Remedy


@final
@dataclass(frozen=True, slots=True)
class ImportFailure:
    """The failure of an import, as the service reported it.

    Args:
        code: The service's error code, or None if it sent none.
        category: As `explain` returns it for the code.
        phase: The state in which the import failed.
        explanation: As `explain` returns it for the code.
        remedy: As `explain` returns it for the code.

    >>> ImportFailure.of(9999, State.GATHERING).category
    <ErrorCategory.UNKNOWN: 'UNKNOWN'>
    """

    code: int | None
    category: ErrorCategory
    phase: State
    explanation: str
    remedy: Remedy

    @classmethod
    def of(cls, code: int | None, phase: State) -> "ImportFailure":
        """Return the failure for an error code.

        Args:
            code: The service's error code, or None.
            phase: The state in which the import failed.

        >>> ImportFailure.of(264, State.GATHERING).remedy
        <Remedy.TRY_AGAIN: 'TRY_AGAIN'>
        """
        meaning = explain(code)
        return cls(code, meaning.category, phase, meaning.explanation, meaning.remedy)

    def to_json(self) -> dict[str, object]:
        """Return the failure as a JSON object.

        >>> ImportFailure.of(264, State.GATHERING).to_json()["category"]
        'FAILED'
        """
        return {
            "code": self.code,
            "category": self.category.value,
            "phase": self.phase.value,
            "explanation": self.explanation,
            "remedy": self.remedy.value,
        }


def explain(code: int | None) -> ErrorCode:
    """Return the meaning of an error code.

    Args:
        code: Any code, or None for a failure without one.

    >>> explain(1027).explanation
    'The device does not let files be uploaded.'
    """
    if code is None:
        return ErrorCode(None, ErrorCategory.UNKNOWN, "The service returned no error code.", Remedy.NONE)
    if code in ERROR_CODES:
        return ERROR_CODES[code]
    text = f"The service returned the error code {code}, which its documentation does not list."
    return ErrorCode(code, ErrorCategory.UNKNOWN, text, Remedy.NONE)


def _codes(category: ErrorCategory, *rows: tuple[int, Remedy, str]) -> dict[int, ErrorCode]:
    return {code: ErrorCode(code, category, text, remedy) for code, remedy, text in rows}


_FAILED = _codes(
    ErrorCategory.FAILED,
    (1, Remedy.FIX_SETUP, "CloudSponge did not accept the domain key and password."),
    (2, Remedy.FIX_SETUP, "The call that began the import had wrong parameters."),
    (256, Remedy.TRY_AGAIN, "Something unforeseen went wrong while the webmail account was read."),
    (257, Remedy.TRY_AGAIN, "The webmail account could not be imported."),
    (258, Remedy.TRY_AGAIN, "The webmail provider did not respond in time."),
    (259, Remedy.ASK_USER, "The name of the account or its password was left empty."),
    (260, Remedy.FIX_SETUP, "The import was begun without naming an address book service."),
    (261, Remedy.FIX_SETUP, "The import was begun for an address book service that CloudSponge does not know."),
    (262, Remedy.ASK_USER, "These sign-in details were refused a short while ago, and were not tried again."),
    (263, Remedy.ASK_USER, "The provider refused the account's name and password."),
    (264, Remedy.TRY_AGAIN, "The provider's address book can't be reached for the moment."),
    (265, Remedy.NONE, "The person's account at the provider has been closed."),
    (266, Remedy.ASK_USER, "The provider has locked the account until its password is reset."),
    (267, Remedy.ASK_USER, "The provider wants the person to sign in and accept its new terms first."),
    (512, Remedy.TRY_AGAIN, "The import that asks for consent failed for a reason that the service does not know."),
    (513, Remedy.FIX_SETUP, "This domain may not use imports that ask for consent."),
    (518, Remedy.TRY_AGAIN, "CloudSponge and the address book provider could not talk to each other."),
    (528, Remedy.NONE, "Yahoo! returned no contacts; an account there must be at least 14 days old."),
    (544, Remedy.FIX_SETUP, "Gmail is not set up in the CloudSponge account; its branding steps are unfinished."),
    (768, Remedy.TRY_AGAIN, "Something unforeseen went wrong in the desktop applet."),
    (770, Remedy.ASK_USER, "The desktop applet found no address book that it could read."),
    (771, Remedy.TRY_AGAIN, "The desktop applet could not hand its contacts to CloudSponge."),
    (775, Remedy.ASK_USER, "The operating system did not let the import read the contacts."),
    (1025, Remedy.ASK_USER, "The uploaded file is not a CSV file."),
    (1026, Remedy.ASK_USER, "The uploaded CSV file can't be read."),
    (1027, Remedy.ASK_USER, "The device does not let files be uploaded."),
)

_ABANDONED = _codes(
    ErrorCategory.ABANDONED,
    (514, Remedy.ASK_USER, "The person declined to share their contacts."),
    (516, Remedy.ASK_USER, "The person did not give consent in the time that the service allows."),
    (517, Remedy.ASK_USER, "The person left before giving consent."),
    (769, Remedy.ASK_USER, "The person did not trust the desktop applet."),
    (772, Remedy.ASK_USER, "The person did not trust the desktop applet in the time that the service allows."),
    (773, Remedy.ASK_USER, "The person left before trusting the desktop applet."),
    (774, Remedy.ASK_USER, "The person did not let the import read Microsoft Outlook."),
)

ERROR_CODES: Final[Mapping[int, ErrorCode]] = MappingProxyType(dict(sorted((_FAILED | _ABANDONED).items())))
"""The codes that the protocol's page lists, by number. `explain` takes any code."""

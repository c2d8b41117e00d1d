import pytest

from spongewatch.core.error_codes import ERROR_CODES, ErrorCategory, ImportFailure, Remedy, explain
from spongewatch.core.table import State

# The table of the protocol's page, typed in again by hand.
FAILED = {
    *(1, 2),
    *(256, 257, 258, 259, 260, 261, 262, 263, 264, 265, 266, 267),
    *(512, 513, 518, 528, 544),
    *(768, 770, 771, 775),
    *(1025, 1026, 1027),
}
ABANDONED = {514, 516, 517, 769, 772, 773, 774}


def test_the_codes_and_their_categories_are_those_of_the_page():
    by_category = {category: set() for category in ErrorCategory}
    for code, meaning in ERROR_CODES.items():
        assert meaning.code == code
        by_category[meaning.category].add(code)
    assert by_category == {
        ErrorCategory.FAILED: FAILED,
        ErrorCategory.ABANDONED: ABANDONED,
        ErrorCategory.UNKNOWN: set(),
    }


def test_codes_are_listed_by_number():
    assert list(ERROR_CODES) == sorted(FAILED | ABANDONED)


def test_each_explanation_is_a_sentence_of_its_own():
    explanations = [meaning.explanation for meaning in ERROR_CODES.values()]
    assert len(set(explanations)) == len(explanations) == len(FAILED | ABANDONED)
    assert all(text.endswith(".") and text[0].isupper() and text.isprintable() for text in explanations)


def test_the_remedy_of_an_abandoned_import_is_to_ask_the_person():
    assert {ERROR_CODES[code].remedy for code in ABANDONED} == {Remedy.ASK_USER}


@pytest.mark.parametrize("code", [0, -5, 3, 515, 1024, 4711, 10**15])
def test_an_unlisted_code_is_unknown_and_named(code):
    meaning = explain(code)
    assert (meaning.code, meaning.category, meaning.remedy) == (code, ErrorCategory.UNKNOWN, Remedy.NONE)
    assert str(code) in meaning.explanation


def test_a_failure_without_a_code():
    assert ImportFailure.of(None, State.GATHERING).to_json() == {
        "code": None,
        "category": "UNKNOWN",
        "phase": "GATHERING",
        "explanation": "The service returned no error code.",
        "remedy": "NONE",
    }


@pytest.mark.parametrize("code", sorted(FAILED | ABANDONED))
def test_a_failure_has_the_meaning_of_its_code(code):
    failure, meaning = ImportFailure.of(code, State.INITIALIZING), explain(code)
    assert (failure.code, failure.category, failure.explanation, failure.remedy) == (
        code,
        meaning.category,
        meaning.explanation,
        meaning.remedy,
    )
    assert failure.phase is State.INITIALIZING


def test_enumerations_have_their_names_as_values():
    assert all(key.value == key.name for kind in (ErrorCategory, Remedy, State) for key in kind)

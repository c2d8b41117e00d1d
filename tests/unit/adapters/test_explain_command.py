import pytest

from spongewatch import ERROR_CODES
from spongewatch.adapters.command_line import main
from spongewatch.adapters.plain_lines import REMEDIES


def test_all_codes_are_told_a_line_each(capsys):
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(ERROR_CODES)
    assert lines[0] == "   1  FAILED     CloudSponge did not accept the domain key and password."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "514",
            " 514  ABANDONED  The person declined to share their contacts.\n"
            "                 The person has to act before a new import can succeed.\n",
        ),
        (
            "4711",
            "4711  UNKNOWN    The service gave the error code 4711, which its documentation did not list.\n"
            "                 No remedy is known.\n",
        ),
    ],
)
def test_one_code_is_told_and_who_can_act(capsys, code, text):
    assert main(["explain", code]) == 0
    assert capsys.readouterr() == (text, "")


@pytest.mark.parametrize("code", ERROR_CODES)
def test_each_listed_code_is_told_with_its_remedy(capsys, code):
    assert main(["explain", str(code)]) == 0
    listed = ERROR_CODES[code]
    explanation, remedy = capsys.readouterr().out.splitlines()
    assert explanation.split(maxsplit=2) == [str(code), listed.category.value, listed.explanation]
    assert remedy.strip() == REMEDIES[listed.remedy]


@pytest.mark.parametrize("code", ["0", "-5", "+515", "9" * 300])
def test_a_number_that_can_not_be_a_code_is_unknown_too(capsys, code):
    assert main(["explain", code]) == 0
    assert "UNKNOWN" in capsys.readouterr().out

from io import BytesIO, TextIOWrapper

import pytest
from rich.console import Console

from spongewatch.adapters.live.download import download_block


def shown(count, total, width=80, encoding="utf-8"):
    console = Console(file=TextIOWrapper(BytesIO(), encoding=encoding))
    return [line.plain for line in download_block("1126", count, total, console, width)]


@pytest.mark.parametrize(("count", "done"), [(0, 0), (500, 10), (1999, 39), (2000, 40)])
def test_the_bar_grows_with_the_number_of_contacts(count, done):
    assert shown(count, 2000, encoding="ascii") == [
        "import 1126",
        "  phase      downloading contacts",
        f"  contacts   {count:,} of 2,000",
        f"  progress   {'=' * done}{'-' * (40 - done)}",
    ]


def test_there_is_no_bar_before_the_first_page():
    assert shown(0, 0) == ["import 1126", "  phase      downloading contacts", "  contacts   none yet"]


def test_the_bar_fits_into_a_narrow_terminal():
    assert shown(500, 2000, width=20)[-1] == "  progress   ━━━━━━━"
    assert shown(500, 2000, width=12)[-1] == " 2,000"

from datetime import UTC, datetime, timedelta
from itertools import product
from zlib import crc32

import pytest

from spongewatch.retry import backoff, retry_after

NOON = "Mon, 02 Nov 2026 12:00:00 GMT"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written(moment):
    weekday, month = WEEKDAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{weekday}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


@pytest.mark.parametrize(
    ("import_id", "interval", "max_delay"),
    list(product(["1126", "89708927", "a-b_c"], [1, 50, 1000, 20_000], [500, 30_000, 10**12])),
)
def test_the_formula_of_the_design(import_id, interval, max_delay):
    for attempt in range(1, 60):
        j = crc32(f"{import_id}:{attempt}".encode()) / 2**32
        designed = max(interval, min(max_delay, interval * 2 ** (attempt - 1) * (1 + j / 2)))
        assert backoff(import_id, attempt, interval=interval, max_delay=max_delay) == round(designed)


def test_the_delays_of_one_import_are_the_same_on_every_machine():
    delays = [backoff("1126", attempt, interval=1000, max_delay=30_000) for attempt in range(1, 8)]
    assert delays == [1461, 2458, 4016, 10445, 23359, 30_000, 30_000]


def test_imports_that_fail_together_do_not_come_back_together():
    firsts = {backoff(str(number), 1, interval=1000, max_delay=30_000) for number in range(1, 101)}
    assert len(firsts) > 75
    assert 1000 <= min(firsts) <= max(firsts) <= 1500


def test_an_attempt_without_end_is_still_quick():
    assert backoff("1126", 10**9, interval=1, max_delay=10**12) == 10**12


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("0", 0),
        ("5", 5000),
        (" 5\t", 5000),
        ("007", 7000),
        ("3600", 3_600_000),
        ("1000000000", 10**12),
        ("99999999999999999999", 10**12),
        pytest.param("9" * 100_000, 10**12, id="endless"),
        pytest.param("0" * 100_000 + "5", 5000, id="endless zeros"),
    ],
)
def test_seconds(value, delay):
    assert retry_after(value, None) == retry_after(value, NOON) == delay


@pytest.mark.parametrize("value", ["", " ", "-1", "+5", "1.5", "5s", "1e3", "0x5", "٣", "²", "soon", "5, 6", "5\n6"])
def test_what_is_no_number_is_passed_over(value):
    assert retry_after(value, NOON) is None


def test_nothing_is_asked_for():
    assert retry_after(None, NOON) is None


@pytest.mark.parametrize(
    ("value", "date", "delay"),
    [
        ("Mon, 02 Nov 2026 12:00:53 GMT", NOON, 53_000),
        (f" {NOON} ", f" {NOON} ", 0),
        ("Mon, 02 Nov 2026 11:59:59 GMT", NOON, 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", NOON, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NOON, 10**12),
        ("Fri, 01 Jan 2027 00:00:00 GMT", "Thu, 31 Dec 2026 23:59:59 GMT", 1000),
        ("Thu, 31 Dec 2026 23:59:60 GMT", "Thu, 31 Dec 2026 23:59:59 GMT", 1000),
        ("Sun, 01 Nov 2026 00:00:00 GMT", "Sat, 31 Oct 2026 00:00:00 GMT", 86_400_000),
        ("Wed, 01 Mar 2028 00:00:00 GMT", "Mon, 28 Feb 2028 00:00:00 GMT", 2 * 86_400_000),
        ("Mon, 01 Mar 2027 00:00:00 GMT", "Sun, 28 Feb 2027 00:00:00 GMT", 86_400_000),
        ("Mon, 01 Mar 2100 00:00:00 GMT", "Sun, 28 Feb 2100 00:00:00 GMT", 86_400_000),
        ("Wed, 01 Mar 2000 00:00:00 GMT", "Mon, 28 Feb 2000 00:00:00 GMT", 2 * 86_400_000),
    ],
)
def test_a_date_is_read_against_the_answers_own(value, date, delay):
    assert retry_after(value, date) == delay


@pytest.mark.parametrize("year", [1999, 2000, 2023, 2024, 2026, 2100, 2399, 2400])
def test_each_day_of_a_year_is_one_day_after_the_one_before(year):
    day = datetime(year, 1, 1, 23, 59, 59, tzinfo=UTC)
    while day.year == year:
        following = day + timedelta(days=1)
        assert retry_after(written(following), written(day)) == 86_400_000
        day = following


@pytest.mark.parametrize(
    "date",
    [
        "",
        "now",
        "Mon, 02 Nov 2026 12:00:00",
        "Mon, 02 Nov 2026 12:00:00 UTC",
        "Mon, 02 Nov 2026 12:00:00 +0000",
        "02 Nov 2026 12:00:00 GMT",
        "mon, 02 nov 2026 12:00:00 gmt",
        "Mon, 2 Nov 2026 12:00:00 GMT",
        "Mon, 00 Nov 2026 12:00:00 GMT",
        "Mon, 32 Nov 2026 12:00:00 GMT",
        "Mon, 02 Nev 2026 12:00:00 GMT",
        "Mon, 02 Nov 26 12:00:00 GMT",
        "Mon, 02 Nov 2026 24:00:00 GMT",
        "Mon, 02 Nov 2026 12:60:00 GMT",
        "Mon, 02 Nov 2026 12:00:61 GMT",
        "Mon, 02 Nov 2026 12:00 GMT",
        "Mön, 02 Nov 2026 12:00:00 GMT",
        "Mon, ٠٢ Nov 2026 12:00:00 GMT",
        "Monday, 02-Nov-26 12:00:00 GMT",
        "Mon Nov  2 12:00:00 2026",
        "2026-11-02T12:00:00Z",
        f"{NOON}, {NOON}",
    ],
)
def test_what_is_no_date_is_passed_over(date):
    assert retry_after(date, NOON) is None
    assert retry_after(NOON, date) is None


def test_a_date_without_one_to_read_it_against_is_passed_over():
    assert retry_after(NOON, None) is None

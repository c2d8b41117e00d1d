from datetime import UTC, datetime, timedelta
from itertools import product
from zlib import crc32

import pytest

from spongewatch.core.retry import backoff, retry_after

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
def test_the_back_off_formula(import_id, interval, max_delay):
    for attempt in range(1, 60):
        j = crc32(f"{import_id}:{attempt}".encode()) / 2**32
        designed = max(interval, min(max_delay, interval * 2 ** (attempt - 1) * (1 + j / 2)))
        assert backoff(import_id, attempt, interval=interval, max_delay=max_delay) == round(designed)


def test_the_delays_of_an_import_are_deterministic():
    delays = [backoff("1126", attempt, interval=1000, max_delay=30_000) for attempt in range(1, 8)]
    assert delays == [1461, 2458, 4016, 10445, 23359, 30_000, 30_000]


def test_the_jitter_spreads_imports():
    firsts = {backoff(str(number), 1, interval=1000, max_delay=30_000) for number in range(1, 101)}
    assert len(firsts) > 75
    assert 1000 <= min(firsts) <= max(firsts) <= 1500


def test_a_huge_attempt_costs_no_time():
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
        ("1000000001", 10**12),
        ("9999999999", 10**12),
        ("99999999999999999999", 10**12),
        pytest.param("9" * 100_000, 10**12, id="endless"),
        pytest.param("0" * 100_000 + "5", 5000, id="endless zeros"),
        ("1.5", 1500),
        ("0.0", 0),
        ("0.25", 250),
        ("1.0001", 1001),
        ("1.0000", 1000),
        ("999999999.9999", 10**12),
        pytest.param("2." + "0" * 100_000, 2000, id="endless decimal zeros"),
        pytest.param("2." + "0" * 100_000 + "1", 2001, id="endless decimals"),
    ],
)
def test_retry_after_in_seconds(value, delay):
    assert retry_after(value, None) == retry_after(value, NOON) == delay


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "-1", "-0", "+5", ".5", "5.", "1.5.2", "1e3", "1_000", "nan", "inf", "Infinity", "5s", "0x5"),
        *("٣", "²", "soon", "5\n6", "5\xa0", ","),
        pytest.param("0" * 100_000 + "x", id="endless zeros"),
    ],
)
def test_unreadable_values_are_ignored(value):
    assert retry_after(value, NOON) is None


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("5, 6", 6000),
        ("6,5", 6000),
        (",\t5 , ,", 5000),
        ("5, soon", 5000),
        ("-1, 0.5", 500),
        ("soon, later", None),
        ("Mon, 02 Nov 2026 12:00:07 GMT, 5", 7000),
        ("9, Mon, 02 Nov 2026 12:00:07 GMT", 9000),
        ("Monday, 02-Nov-26 12:00:08 GMT,Mon, 02 Nov 2026 12:00:07 GMT", 8000),
        ("Mon Nov  2 12:00:09 2026, Monday, 02-Nov-26 12:00:08 GMT", 9000),
        ("Mon, 5", None),
    ],
)
def test_the_longest_delay_of_a_list_counts(value, delay):
    assert retry_after(value, NOON) == delay


def test_without_a_date_header_only_the_seconds_of_a_list_count():
    assert retry_after("Mon, 02 Nov 2026 12:00:07 GMT, 5", None) == 5000


def test_no_header_is_no_delay():
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
        ("Monday, 02-Nov-26 12:00:53 GMT", NOON, 53_000),
        ("Mon Nov  2 12:00:53 2026", NOON, 53_000),
        ("Thu Nov 12 12:00:00 2026", NOON, 864_000_000),
        ("Mon, 02 Nov 2026 12:00:53 GMT", "Monday, 02-Nov-26 12:00:00 GMT", 53_000),
        ("Mon, 02 Nov 2026 12:00:53 GMT", "Mon Nov  2 12:00:00 2026", 53_000),
        ("Saturday, 01-Jan-00 00:00:01 GMT", "Friday, 31-Dec-99 23:59:59 GMT", 2000),
        ("Saturday, 01-Jan-00 00:00:01 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", 2000),
        ("Friday, 31-Dec-99 23:59:59 GMT", "Sat, 01 Jan 2000 00:00:01 GMT", 0),
        ("Mon, 02 Nov 2099 12:00:07 GMT", "Monday, 02-Nov-99 12:00:00 GMT", 7000),
        ("Thu, 02 Nov 2000 12:00:07 GMT", "Thursday, 02-Nov-00 12:00:00 GMT", 7000),
        ("Wed, 01 Mar 2000 12:00:00 GMT", "Tuesday, 29-Feb-00 12:00:00 GMT", 86_400_000),
    ],
)
def test_an_http_date_is_measured_from_the_date_header(value, date, delay):
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
        "Tue, 31 Nov 2026 12:00:00 GMT",
        "Sun, 29 Feb 2026 12:00:00 GMT",
        "Thu, 32 Dec 2026 12:00:00 GMT",
        "Mon, 02-Nov-26 12:00:00 GMT",
        "Moonday, 02-Nov-26 12:00:00 GMT",
        "Monday, 2-Nov-26 12:00:00 GMT",
        "Monday, 02-Nov-2026 12:00:00 GMT",
        "Monday, 02 Nov 26 12:00:00 GMT",
        "Mon Nov 2 12:00:00 2026",
        "Mon Nov  0 12:00:00 2026",
        "Mon Nov  2 12:00:00 2026 GMT",
        "Mon Nov  2 12:00:00 26",
        "2026-11-02T12:00:00Z",
    ],
)
def test_unreadable_dates_are_ignored(date):
    assert retry_after(date, NOON) is None
    assert retry_after(NOON, date) is None


@pytest.mark.parametrize(
    ("value", "date", "years"),
    [
        ("02-Nov-76 12:00:00", NOON, 50),
        ("02-Nov-76 12:00:01", NOON, -50),
        ("03-Nov-76 00:00:00", NOON, -50),
        ("02-Nov-99 12:00:00", NOON, -27),
        ("02-Nov-00 12:00:00", NOON, -26),
        ("02-Nov-00 12:00:00", "Wed, 02 Nov 2050 12:00:00 GMT", 50),
        ("02-Nov-00 12:00:01", "Wed, 02 Nov 2050 12:00:00 GMT", -50),
        ("02-Nov-05 12:00:00", "Tue, 02 Nov 2060 12:00:00 GMT", 45),
        ("02-Nov-60 12:00:00", "Sat, 02 Nov 1985 12:00:00 GMT", -25),
        ("02-Nov-20 12:00:00", "Sat, 02 Nov 1985 12:00:00 GMT", 35),
    ],
)
def test_a_two_digit_year_is_at_most_fifty_years_ahead_of_the_date(value, date, years):
    delay = retry_after(f"Monday, {value} GMT", date)
    assert delay == (10**12 if years > 0 else 0)  # the longest delay is under 32 years


def test_a_leap_day_of_a_two_digit_year():
    assert retry_after("Tuesday, 29-Feb-28 12:00:00 GMT", "Mon, 28 Feb 2028 12:00:00 GMT") == 86_400_000
    assert retry_after("Monday, 29-Feb-27 12:00:00 GMT", "Sun, 28 Feb 2027 12:00:00 GMT") is None


def test_the_date_header_is_not_a_list():
    assert retry_after(NOON, f"{NOON}, {NOON}") is None


def test_an_http_date_without_a_date_header_is_ignored():
    assert retry_after(NOON, None) is None

import re
import shutil
from pathlib import Path

import pytest

from spongewatch.transports.testing import fixtures  # noqa: F401 # or the first test that runs pytest would load it

ROOT = Path(__file__).parents[4]
GUIDE = ROOT / "docs" / "guides" / "test-your-code.md"
PLUGIN = 'pytest_plugins = ["spongewatch.transports.testing"]'
HEAD = """
from spongewatch import Credentials
from spongewatch.transports import wait

def outcome(transport, clock):
    return wait("1126", Credentials("key", "password"), transport=transport, clock=clock).name
"""


@pytest.fixture
def run(pytester):
    """Return a function that runs a test file with the plugin in conftest.py; warnings are errors."""

    def run(test, *args, conftest=PLUGIN):
        pytester.makeconftest(conftest)
        pytester.makepyfile(HEAD + test)
        return pytester.runpytest_inprocess("-Werror", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *args)

    return run


def lines_of(result):
    """Return the complaints in the output."""
    return [line for line in result.outlines if re.match("spongewatch_[a-z]+: ", line)]


@pytest.fixture
def traces(pytester):
    shutil.copytree(ROOT / "docs" / "traces", pytester.path / "traces")


# Loading


def test_fixtures_are_not_loaded_without_the_plugin(run):
    result = run("def test_it(spongewatch_clock): pass", conftest="")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'spongewatch_clock' not found"])


def test_each_fixture_has_a_description(run):
    output = "\n".join(run("", "--fixtures").outlines)
    ours = re.findall(r"^(spongewatch_\w+) -- .*\n    (.*)", output, re.MULTILINE)
    assert [name for name, _ in ours] == ["spongewatch_clock", "spongewatch_service", "spongewatch_replay"]
    assert "no docstring available" not in [description for _, description in ours]


def test_names_can_be_imported_before_pytest_loads_the_plugin(run):
    conftest = f"from spongewatch.transports.testing import ScriptedService\n{PLUGIN}"
    run("def test_it(spongewatch_service): pass", conftest=conftest).assert_outcomes(passed=1)


# Tests that pass


def test_a_test_that_plays_its_script_passes(run):
    result = run("""
def test_it(spongewatch_service, spongewatch_clock):
    spongewatch_service.reports("INITIALIZING INPROGRESS").reports("COMPLETE COMPLETED")
    assert outcome(spongewatch_service, spongewatch_clock) == "completed"
    assert spongewatch_clock.now() == 1.0
""")
    result.assert_outcomes(passed=1)


def test_a_test_that_does_not_use_its_service_passes(run):
    run("def test_it(spongewatch_service, spongewatch_replay): pass").assert_outcomes(passed=1)


def test_each_test_has_its_own_clock_and_service(run):
    result = run("""
def test_one(spongewatch_service, spongewatch_clock):
    spongewatch_clock.sleep(5)
    spongewatch_service.reports().to_the_end = False

def test_another(spongewatch_service, spongewatch_clock):
    assert spongewatch_clock.now() == 0
    assert spongewatch_service.clock is spongewatch_clock
    assert repr(spongewatch_service) == "<ScriptedService 0 of 0 steps played, 0 polls>"
""")
    result.assert_outcomes(passed=2)


@pytest.mark.usefixtures("traces")
def test_recordings_are_replayed_on_the_clock_of_the_test(run):
    result = run("""
from spongewatch.transports import open_recording

def test_it(spongewatch_replay, spongewatch_clock):
    assert outcome(spongewatch_replay("traces/completes.jsonl"), spongewatch_clock) == "completed"
    assert spongewatch_clock.now() == 11.52
    again = spongewatch_replay(open_recording("traces/completes.jsonl"))
    assert outcome(again, spongewatch_clock) == "completed"
    assert spongewatch_clock.now() == 23.04
""")
    result.assert_outcomes(passed=1)


def test_asyncio_code_can_use_the_service_and_the_clock(run):
    result = run("""
import asyncio
from spongewatch.transports import wait_async

def test_it(spongewatch_service, spongewatch_clock):
    spongewatch_service.reports("INITIALIZING INPROGRESS", times=3).reports("COMPLETE COMPLETED")
    how = wait_async("1126", Credentials("key", "password"), transport=spongewatch_service, clock=spongewatch_clock)
    assert asyncio.run(how).name == "completed"
    assert [poll.sent for poll in spongewatch_service.polls] == [0.0, 1.0, 2.0, 3.0]
""")
    result.assert_outcomes(passed=1)


# Tests that fail


def test_an_unplayed_step_fails_the_test(run):
    result = run("""
def test_it(spongewatch_service, spongewatch_clock):
    spongewatch_service.reports("COMPLETE COMPLETED").fails("timeout")
    assert outcome(spongewatch_service, spongewatch_clock) == "completed"
""")
    result.assert_outcomes(failed=1)
    assert lines_of(result) == ["spongewatch_service: 1 of 2 steps left unplayed: fails timeout"]


def test_a_poll_under_the_floor_fails_the_test(run):
    result = run("""
def test_it(spongewatch_service, spongewatch_clock):
    spongewatch_service.reports("INITIALIZING INPROGRESS").reports("COMPLETE COMPLETED")
    from spongewatch import PollPolicy
    wait("1126", Credentials("key", "password"), base_url="https://imports.example", policy=PollPolicy(interval=0.4),
         transport=spongewatch_service, clock=spongewatch_clock)
""")
    result.assert_outcomes(failed=1)
    assert lines_of(result) == [
        "spongewatch_service: poll 2 was sent 0.4 s after the end of poll 1, at 0.4 s; the service requires 1 s"
    ]


def test_a_poll_after_the_end_of_the_script_fails_the_test(run):
    result = run("""
def test_it(spongewatch_service, spongewatch_clock):
    spongewatch_service.reports("INITIALIZING INPROGRESS")
    assert outcome(spongewatch_service, spongewatch_clock) == "lost-contact"
""")
    result.assert_outcomes(failed=1)
    assert lines_of(result) == [
        "spongewatch_service: poll 2 at 1.0 s was after the end of the script, which has 1 steps"
    ]


@pytest.mark.usefixtures("traces")
def test_an_unplayed_recording_fails_the_test(run):
    result = run("""
def test_it(spongewatch_replay):
    spongewatch_replay("traces/abandoned.jsonl")
    spongewatch_replay("traces/completes.jsonl").to_the_end = False
""")
    result.assert_outcomes(failed=1)
    assert len(lines_of(result)) == 1
    result.stdout.fnmatch_lines(
        ["spongewatch_replay: 8 of 8 steps left unplayed: recorded response 1, responds 200; *"]
    )


def test_an_unreadable_recording_fails_the_test(run):
    result = run('def test_it(spongewatch_replay): spongewatch_replay("nowhere.jsonl")')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RecordingError: nowhere.jsonl: cannot be read: No such file or directory"])


def test_a_failing_test_reports_only_its_own_reason(run):
    result = run("""
def test_it(spongewatch_service):
    spongewatch_service.reports("COMPLETE COMPLETED")
    assert 1 == 2, "its own reason"
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*its own reason*"])
    assert lines_of(result) == []


def test_skipped_and_expected_failures_stay_as_they_are(run):
    result = run("""
import pytest

def test_skipped(spongewatch_service):
    spongewatch_service.reports()
    pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_expected_to_fail(spongewatch_service):
    spongewatch_service.reports()
""")
    result.assert_outcomes(skipped=1, xfailed=1)


def test_a_test_that_is_run_again_starts_without_complaints(run):
    again = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    item.funcargs = {}
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
    result = run(
        """
runs = []

def test_it(spongewatch_service):
    runs.append(1)
    if len(runs) == 1:
        spongewatch_service.reports()
""",
        conftest=PLUGIN + again,
    )
    result.assert_outcomes(passed=1)


# The guide


@pytest.fixture
def page(pytester, traces):
    """Write the files in the guide, and return its code blocks with their languages."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    for _, text in blocks:
        if named := re.match(r"# (\w+\.py)\n", text):
            (pytester.path / named[1]).write_text(text)
    return blocks


def test_the_example_in_the_guide_passes(pytester, page):
    result = pytester.runpytest_inprocess("-Werror", "-p", "no:cacheprovider", "test_shop.py")
    result.assert_outcomes(passed=3)


def test_the_failure_in_the_guide_is_what_pytest_prints(pytester, page):
    result = pytester.runpytest_inprocess("-Werror", "-rN", "-p", "no:cacheprovider", "test_by_hand.py")
    result.assert_outcomes(failed=1)
    (shown,) = [text for language, text in page if language == "text"]
    assert lines_of(result) == shown.splitlines()

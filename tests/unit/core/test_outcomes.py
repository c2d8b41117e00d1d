from typing import get_args

from spongewatch import outcomes


def test_each_way_to_end_has_the_name_that_lines_and_traces_use():
    assert [kind.name for kind in get_args(outcomes.Outcome)] == [
        "completed",
        "failed",
        "abandoned",
        "timed-out",
        "lost-contact",
        "rejected",
        "cancelled",
    ]


def test_the_reasons_that_lines_and_traces_use():
    assert outcomes.TimedOut.REASONS == ("consent", "gathering", "total")
    assert outcomes.Rejected.REASONS == ("credentials", "unknown-import", "redirect", "request")


def test_outcomes_are_values():
    assert outcomes.Completed(2) == outcomes.Completed(2) != outcomes.Completed(3)
    assert outcomes.Cancelled() == outcomes.Cancelled()

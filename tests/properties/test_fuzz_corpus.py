"""The fuzz targets, with their seeds and corpus and without atheris."""

import pytest

from fuzz import TARGETS
from fuzz.corpus import inputs_of, target_named


@pytest.mark.parametrize("name", TARGETS)
def test_targets_pass_with_their_corpus(name):
    inputs = inputs_of(name)
    assert len(inputs) > 5
    for data in inputs:
        try:
            target_named(name).one_input(data)
        except BaseException as error:
            error.add_note(f"the input was {data!r}")
            raise


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 200, bytes(range(256))], ids=["empty", "zero", "ones", "all"])
def test_targets_accept_any_bytes(name, data):
    target_named(name).one_input(data)

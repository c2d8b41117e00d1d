"""Coverage-guided fuzzing with atheris: `make fuzz`.

Each module in `TARGETS` is one target. It has `SEEDS`, inputs written by hand, and `one_input(data)`, which passes the
bytes to a documented function and asserts what has to hold for any input. Inputs that fuzzing found to reach more code
are in `corpus/`. `tests/properties/test_fuzz_corpus.py` runs seeds and corpus in `make test`, without atheris.

A finding becomes a unit test of the module at fault, and a seed of the target.
"""

TARGETS = (
    "json_responses",
    "xml_responses",
    "refusals",
    "redactions",
    "traces",
    "foreign_recordings",
    "saved_sessions",
    "sessions",
    "written_traces",
)

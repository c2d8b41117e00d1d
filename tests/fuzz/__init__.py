"""Fuzzing, guided by coverage: `make fuzz`, or `python -m fuzz --help` in the folder `tests`, with atheris installed.

Each module named in `TARGETS` is one target: `SEEDS`, written by hand or made by what stands in the module, and
`one_input(data)`, which does something documented with any bytes and asserts what has to hold, whatever they are.
What was found to reach further lies in `corpus/`, one file a target, one input a line; `corpus` reads it.
`tests/properties/test_fuzz_corpus.py` runs all of it without atheris, with every `make test`.

What is found becomes a test in the unit test of the module that is mended, and a seed here.
"""

TARGETS = (
    "json_answers",
    "xml_answers",
    "refusals",
    "redactions",
    "traces",
    "foreign_recordings",
    "saved_sessions",
    "sessions",
    "written_traces",
)

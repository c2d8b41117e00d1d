"""The repository's text is in plain English: some words and phrases have a better one, see `RULES`."""

import re
from bisect import bisect
from itertools import accumulate
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RULES = (  # what not to write, what to write instead, an example
    (r"whoever", "the caller, anyone who", "Whoever resumes it waits."),
    (r"(?-i:Whatever)|whatever (?:is|was|comes|came|happens)", "name the subject", "Whatever comes is read."),
    (r"nobody", "no one, or name the actor", "what nobody was given yet"),
    (r"mends?|mended|mending", "fix", "Mended holes are listed."),
    (r"holes?", "vulnerability, gap", "a security hole"),
    (r"time-outs?", "timeout", "after the time-out"),
    (r"torn", "truncated", "a torn line"),
    (r"untold", "pending, not yet delivered", "the untold items"),
    (
        r"(?:is|are|was|were|be|been|being) told(?! (?:to|apart)\b)",
        "is reported, is emitted",
        "Each change is told once.",
    ),
    (r"tells (?:of|each|what|how|nothing|its?|all|that|where|which)", "reports, says", "It tells what happened."),
    (
        r"stands? (?:above|below|under|there|here|beside|nowhere|still|in(?! for\b))|stood still",
        "is",
        "It stands in a file.",
    ),
    (r"(?:is|are|was|were) passed over", "is ignored", "Other keys are passed over."),
    (r"(?:is|are|was|were) carried(?! out\b)", "is kept, is passed on", "The code is carried."),
    (r"lost from sight", "lost contact", "The import is lost from sight."),
    (r"what (?:came|comes|stands)", "name the thing", "what came too late"),
    (r"(?:it|session|which|that|service|call) gives(?! up\b)", "returns, sends", "The call gives a number."),
    (r"(?<!there )is no (?:str|int|float|number|text|list|mapping|url)", "is not a", "timeout is no number"),
    (r"save (?:that|where)", "except", "all keys, save that of the end"),
    (r"(?:unknown|other|no other|more) members", "keys", "Unknown members are dropped."),
    (r"(?:an?|the|no|each|every|its|base) (?-i:urls?)", "URL", "the base url"),
    (r"behaviour|colour|honour|licence", "the American spelling", "MIT licence"),
    # "answer" is fine as a verb: "the service did not answer".
    (
        r"(?<!not )(?<!n't )(?<!to )(?<!will )(?<!can )(?<!must )(?<!may )answer",
        "response",
        "an answer with status 200",
    ),
    (r"(?<!it )(?<!that )(?<!server )(?<!service )(?<!proxy )answers", "responses", "the rows of two answers"),
    # Questions, headings, cells of tables and links may begin with "What", and descriptions with "What to".
    (
        r"(?<!# )(?<!\| )(?<!\[)(?-i:What)(?= (?!to\b|went wrong\b))(?![^.!]*\?)",
        "begin with the subject",
        "What pages show is run.",
    ),
    (r"(?-i:Of)(?! course\b)", "begin with the subject", "Of several, the last one counts."),
    (r"(?-i:So (?:is|are|does|do|it is))", "begin with the subject", "So it is after an interrupt."),
)

SUFFIXES = {".md", ".py", ".sh", ".toml", ".yml", ".json"}
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("*.*"),
        *ROOT.glob("Makefile"),
        *ROOT.glob(".ci/*"),
        *(
            path
            for folder in ("adapters", "core", "docs", "tests", "transports")
            for path in (ROOT / folder).rglob("*")
        ),
    ]
    if path.suffix in SUFFIXES or path.name in ("Makefile", "run")
)
OTHERS_TEXT = ("CHANGELOG.md", "tests/data/", "tests/fuzz/corpus/", "tests/unit/test_prose.py")
"""Old names, recordings of other programs, and the rules themselves."""

PATTERNS = [
    (re.compile(rf"(?<![A-Za-z])(?:{pattern})(?![a-z])", re.IGNORECASE), better) for pattern, better, _ in RULES
]


def complaints(text):
    """Yield the line, the words and the better words of each phrase that breaks a rule, also across lines."""
    rows = enumerate(text.splitlines(), 1)
    words = [(word, line) for line, row in rows for word in row.split() if line == 1 or word != "#"]  # but for headings
    starts = [0, *accumulate(len(word) + 1 for word, _ in words)]
    joined = " ".join(word for word, _ in words)
    for pattern, better in PATTERNS:
        for found in pattern.finditer(joined):
            yield words[bisect(starts, found.start()) - 1][1], found[0], better


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith(OTHERS_TEXT)])
def test_the_text_is_plain(file):
    found = [
        f"{file}:{line}: {words!r}; better: {better}"
        for line, words, better in sorted(complaints((ROOT / file).read_text()))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("pattern", "example"), [(pattern, example) for pattern, _, example in RULES])
def test_each_rule_finds_its_example(pattern, example):
    assert re.search(pattern, example, re.IGNORECASE)
    assert [*complaints(example)]


def test_phrases_are_found_across_lines():
    assert [line for line, _, _ in complaints("# each change is\n# told once")] == [1]


@pytest.mark.parametrize(
    "text",
    [
        "The provider did not answer in time, and the server answers with status 503.",
        "What happens if the\nprocess is killed? What's new:",
        "# What a response means",
        "## What `TraceWriter` writes",
        "There is no number in it.",
        "request: What to send. What went wrong, in English.",
        "[What a status means](statuses.md)",
        "HandlerTransport stands in for a service. Of course, it is carried out as it is told to.",
        'saved["told_at"], url = 5, base_url',
        "So the session waits, and a saved session has amended members. Tell the two apart.",
    ],
)
def test_ordinary_english_is_fine(text):
    assert not [*complaints(text)]

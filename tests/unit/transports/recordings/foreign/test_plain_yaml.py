import sys

import pytest
import yaml

from spongewatch.transports.recordings.foreign import plain_yaml
from spongewatch.transports.recordings.foreign.plain_yaml import YamlError, read_yaml


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request, monkeypatch):
    """Run each test with the parser in C and with the one in Python."""
    if request.param == "SafeLoader":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)  # PyYAML may be built without


def problem_of(data):
    with pytest.raises(YamlError) as caught:
        read_yaml(data)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_lists_mappings_and_strings_are_read():
    text = b"\xef\xbb\xbf---\r\na: [1, 2.5, true, 2026-11-02]\r\nb: {c: 'null', d: |\r\n  x\r\n  }\r\n"
    assert read_yaml(text.replace(b"|\r\n  x\r\n  }", b"x}")) == {
        "a": ["1", "2.5", "true", "2026-11-02"],
        "b": {"c": "null", "d": "x"},
    }


def test_nulls_are_none():
    assert read_yaml(b"") is None
    assert read_yaml(b"a:\nb: ~\nc: null\nd: ''\ne: !!str null\n") == {
        "a": None,
        "b": None,
        "c": None,
        "d": "",
        "e": "null",
    }


@pytest.mark.parametrize("tag", ["!!binary", "!binary"])
def test_binary_is_read_as_bytes(tag):
    assert read_yaml(f"a: {tag} |\n  w6\n  k=\n".encode()) == {"a": "é".encode()}


def test_aliases_share_the_value():
    value = read_yaml(b"a: &id001\n- 1\nb: *id001\nc: &x y\nd: *x\n")
    assert value == {"a": ["1"], "b": ["1"], "c": "y", "d": "y"}
    assert value["a"] is value["b"]


@pytest.mark.parametrize(
    "text",
    [
        b"a: &a [%s]\nb: [%s]" % (b"x," * 2000, b"*a," * 2000),
        b"a: &a {b: {c: [%s]}}\nd: [%s]" % (b"x," * 2000, b"*a," * 2000),
        b"a: &a %s\nb: [%s]" % (b"x" * 200_000, b"*a," * 2000),
        b"a: &a !!binary %s\nb: [%s]" % (b"QUFB" * 50_000, b"*a," * 2000),
        b"a0: &a0 [x, x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 50)),
        b"a0: &a0 {x: y}\n" + b"".join(b"a%d: &a%d {<<: *a%d, b: *a%d}\n" % (n, n, n - 1, n - 1) for n in range(1, 50)),
    ],
    ids=["list", "mapping", "text", "binary", "lists that nest", "mappings that nest"],
)
def test_aliases_count_as_many_values(text):
    assert problem_of(text) == "too large: more than 1,000,000 values"


def test_a_long_string_counts_several_times(monkeypatch):
    monkeypatch.setattr(plain_yaml, "MAX_PIECES", 50)
    assert len(read_yaml(b"x" * 12_000)) == 12_000
    assert problem_of(b"x" * 13_000) == "too large: more than 50 values"


def test_merge_keys_are_ordinary_keys():
    assert read_yaml(b"a: &a {x: y}\nb: {<<: [*a, *a]}")["b"] == {"<<": [{"x": "y"}, {"x": "y"}]}


def test_only_the_first_document_is_read():
    assert read_yaml(b"--- 1\n--- !ruby/object:Object {}\n") == "1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"---\n- !ruby/struct:VCR::HTTPInteraction\n  a: b\n", "!ruby/struct:VCR::HTTPInteraction at line 2"),
        (b"a: !ruby/object:Object {}", "!ruby/object:Object at line 1"),
        (b"a: !ruby/object:Object [x]", "!ruby/object:Object at line 1"),
        (b"a: !!python/object/apply:os.system ['x']", "!!python/object/apply:os.system at line 1"),
        (b"a: !!python/name:os.system x", "!!python/name:os.system at line 1"),
        (b"a: !!binary [x]", "!!binary at line 1"),
        (b"a: !%E2%80%AE x", "!\\u202e at line 1"),
        (b"a: !" + b"x" * 1000 + b" y", "!" + "x" * 199 + " at line 1"),
    ],
)
def test_tags_of_objects_are_refused(text, problem):
    assert problem_of(text) == f"unsupported tag {problem}; record the cassette with plain values"


def test_tags_of_plain_values_are_accepted():
    text = b"!tape\na: !!python/unicode x\nb: !!python/tuple [!!int 1]\nc: ! 2\nd: !!map {}\ne: !!null x"
    assert read_yaml(text) == {"a": "x", "b": ["1"], "c": "2", "d": {}, "e": "x"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"a:\n - b\n c", "not valid YAML at line "),
        (b"[a, b", "not valid YAML at line "),
        (b"\x00", "not valid YAML"),
        (b"a: \xff", "not valid YAML"),
        (b"a: '\\", "not valid YAML"),
        (b'a: "\\UFFFFFFFF"', "not valid YAML"),
        (b"a: *b", "not valid YAML at line 1: undefined alias"),
        (b"&a [*a]", "not valid YAML at line 1: undefined alias"),
        (b"a: &a\n  b: *a", "not valid YAML at line 2: undefined alias"),
        (b"a: !!binary x", "!!binary at line 1 is not valid base64"),
        (b"a:\n  ? [b]\n  : c\n", "the mapping that ends at line "),
        (b"[" * 101, "nested more than 100 levels deep"),
    ],
)
def test_invalid_yaml_is_refused(text, problem):
    assert problem_of(text).startswith(problem)


def test_a_file_with_too_many_values_is_not_read_further(monkeypatch):
    monkeypatch.setattr(plain_yaml, "MAX_PIECES", 50)
    assert problem_of(b"- a\n" * 1000 + b"]") == "too large: more than 50 values"


def test_without_pyyaml_there_is_an_import_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError):
        read_yaml(b"a: b")

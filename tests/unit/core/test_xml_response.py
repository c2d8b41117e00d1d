import pytest

from spongewatch.core.errors import RemoteProtocolError
from spongewatch.core.xml_response import xml_to_object

ROW = "<event><event-type>GATHERING</event-type><status>INPROGRESS</status><value>5</value></event>"
DOCUMENT = f"<eventsResponse><events>{ROW}</events><import-id>1</import-id></eventsResponse>"
OBJECT = {
    "events": [{"event_type": "GATHERING", "status": "INPROGRESS", "value": "5"}],
    "import_id": "1",
}


def read(text: str) -> object:
    return xml_to_object(text.encode())


def refusal(body: bytes) -> str:
    with pytest.raises(RemoteProtocolError) as caught:
        xml_to_object(body)
    return str(caught.value)


def test_dashes_in_names_become_underscores():
    assert read(DOCUMENT) == OBJECT


@pytest.mark.parametrize("document", [f"<root>{DOCUMENT}</root>", f"<!-- a comment -->{DOCUMENT}<?pi?>"])
def test_a_wrapper_and_comments_are_ignored(document):
    assert read(document) == OBJECT


def test_two_wrappers_are_refused():
    assert refusal(f"<a><b>{DOCUMENT}</b></a>".encode()) == "the response is XML without an eventsResponse element"


def test_nil_is_none_and_empty_is_empty():
    echoes = (
        '<eventsResponse><echo nil="true"></echo><user-id></user-id><events type="array"> </events></eventsResponse>'
    )
    assert read(echoes) == {"echo": None, "user_id": "", "events": []}


@pytest.mark.parametrize(("inside", "events"), [('<events nil="true"/>', None), ("<events>oops</events>", "oops")])
def test_an_events_element_without_children_is_read_as_text_or_none(inside, events):
    assert read(f"<eventsResponse>{inside}</eventsResponse>") == {"events": events}


def test_the_last_of_elements_with_one_name_counts():
    twice = f"<eventsResponse><events><event/></events><events>{ROW}</events></eventsResponse>"
    assert read(twice) == {"events": OBJECT["events"]}
    values = "<eventsResponse><echo>1</echo><echo>2</echo></eventsResponse>"
    assert read(values) == {"echo": "2"}


def test_without_events_there_is_no_such_key():
    assert read("<eventsResponse/>") == {}


def test_an_element_other_than_event_is_not_an_object():
    assert read("<eventsResponse><events><row/></events></eventsResponse>") == {"events": ["row"]}


def test_an_element_with_children_is_an_object():
    assert read("<eventsResponse><echo>a<b-b>b<c>c</c></b-b></echo></eventsResponse>") == {"echo": {"b_b": "bc"}}
    row = "<event><status>CO<x>MPLETED</x></status></event>"
    assert read(f"<eventsResponse><events>{row}</events></eventsResponse>") == {
        "events": [{"status": {"x": "MPLETED"}}]
    }


@pytest.mark.parametrize(
    "document", ["<error><message>m</message></error>", "<r><error><message>m</message></error></r>"]
)
def test_an_error_envelope(document):
    assert read(document) == {"error": {"message": "m"}}


def test_an_error_without_a_message_element():
    assert read("<error>gone</error>") == {"error": "gone"}
    assert read("<eventsResponse><error><code>4</code></error></eventsResponse>") == {"error": {"code": "4"}}


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-16", "UTF-16LE", "utf-16be", "ISO-8859-1", "US-ASCII", "ascii"])
def test_supported_encodings(encoding):
    text = f"<?xml version='1.0' encoding='{encoding}'?><eventsResponse><echo>e</echo></eventsResponse>"
    assert xml_to_object(text.encode(encoding)) == {"echo": "e"}


@pytest.mark.parametrize("space", ["\n", "\r\n", " \t\r\n ", "\n" * 100_000], ids=["line", "crlf", "mixed", "many"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "mark"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16le", "utf-16be"])
def test_white_space_before_the_declaration_is_accepted(encoding, mark, space):
    declared = "utf-16" if mark and encoding != "utf-8" else encoding
    text = f"{mark}{space}<?xml version='1.0' encoding='{declared}'?><eventsResponse><echo>é</echo></eventsResponse>"
    assert xml_to_object(text.encode(encoding)) == {"echo": "é"}


@pytest.mark.parametrize("space", ["x", "\xa0", "\u2028", "<!-- -->", "\x0b"])
def test_other_text_before_the_declaration_is_refused(space):
    assert "not valid XML" in refusal(f"{space}<?xml version='1.0'?>{DOCUMENT}".encode())


def test_the_declaration_behind_white_space_is_checked():
    assert "in an encoding other than" in refusal(b"\n<?xml version='1.0' encoding='cp1252'?><eventsResponse/>")


def test_characters_beyond_ascii_are_decoded():
    text = "<?xml version='1.0' encoding='{}'?><eventsResponse><echo>é</echo></eventsResponse>"
    assert xml_to_object(text.format("ISO-8859-1").encode("latin-1")) == {"echo": "é"}
    assert xml_to_object(text.format("UTF-16").encode("utf-16")) == {"echo": "é"}
    assert xml_to_object(b"\xef\xbb\xbf" + text.format("UTF-8").encode()) == {"echo": "é"}


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-7", "cp037", "shift_jis", "rot13", "no-such", "koi8-r", ""])
def test_other_encodings_are_refused(encoding):
    body = f'<?xml version="1.0" encoding="{encoding}"?><eventsResponse/>'.encode()
    assert refusal(body) == "the response is XML in an encoding other than UTF-8, UTF-16, ISO-8859-1 or ASCII"


@pytest.mark.parametrize(
    "written", ["encoding='{}'", 'encoding="{}"', "encoding = '{}'", '\tencoding\n=\t"{}" standalone="yes"']
)
def test_other_encodings_are_refused_however_they_are_written(written):
    body = f"<?xml version='1.0' {written.format('windows-1252')}?><eventsResponse/>".encode()
    assert refusal(body) == "the response is XML in an encoding other than UTF-8, UTF-16, ISO-8859-1 or ASCII"
    assert xml_to_object(body.replace(b"windows-1252", b"UTF-8")) == {}


def test_only_a_declaration_at_the_start_names_an_encoding():
    assert read('<?xmx encoding="no-such"?><eventsResponse/>') == {}
    assert refusal(b'X<?xml version="1.0" encoding="no-such"?>').startswith("the response is not valid XML: ")


@pytest.mark.parametrize("encoding", ["windows-1252", "no-such", "shift_jis"])
@pytest.mark.parametrize("written_in", ["utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_declared_in_utf_16_are_refused_too(encoding, written_in):
    body = f'<?xml version="1.0"{" " * 5000}encoding="{encoding}"?>'.encode(written_in) + b"<eventsResponse/>"
    assert refusal(body) == "the response is XML in an encoding other than UTF-8, UTF-16, ISO-8859-1 or ASCII"


def test_bytes_that_are_invalid_in_the_encoding_are_refused():
    assert refusal(b"<eventsResponse>\xff</eventsResponse>").endswith(
        "not well-formed (invalid token): line 1, column 16"
    )


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<eventsResponse><echo>&b;</echo></eventsResponse>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><eventsResponse><echo>&f;</echo></eventsResponse>'
DTD = '<!DOCTYPE eventsResponse SYSTEM "http://127.0.0.1:1/x.dtd"><eventsResponse/>'


@pytest.mark.parametrize("document", [BOMB, EXTERNAL, DTD], ids=["entity bomb", "external entity", "dtd"])
def test_a_document_type_is_refused(document):
    assert refusal(document.encode()) == "the response is XML with a document type, which is not supported"
    utf_16 = f'<?xml version="1.0" encoding="UTF-16"?>{document}'.encode("utf-16")
    assert refusal(utf_16) == "the response is XML with a document type, which is not supported"


def test_an_undeclared_entity_is_refused():
    assert refusal(b"<eventsResponse>&x;</eventsResponse>").endswith("undefined entity: line 1, column 16")


def test_deeply_nested_xml_is_read():
    depth = 100_000
    deep = "<a>" * depth + "</a>" * depth
    assert read(f"<eventsResponse><echo>{deep}</echo></eventsResponse>") == {"echo": {"a": ""}}
    assert refusal(deep.encode()) == "the response is XML without an eventsResponse element"


def test_a_malformed_document_is_refused_with_its_line_and_column():
    assert refusal(b"<status>success</s>") == ("the response is not valid XML: mismatched tag: line 1, column 17")

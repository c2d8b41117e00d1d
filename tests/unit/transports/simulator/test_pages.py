import json

import pytest

from spongewatch import ImportEvent, decode
from spongewatch.transports.simulator.pages import json_page, refusal, xml_page

ROWS = (
    ImportEvent("INITIALIZING", "COMPLETED"),
    ImportEvent("GATHERING", "INPROGRESS", 5),
    ImportEvent("SUB&MIT", "IN<PROGRESS", odd_value="many & more"),
)


@pytest.mark.parametrize("page", [json_page, xml_page])
@pytest.mark.parametrize("echo", [None, "", "a & <b>"])
def test_pages_can_be_decoded(page, echo):
    response = page(ROWS, "1126", echo)
    read = decode(response.body, response.headers["content-type"])
    assert (response.status, read.import_id, read.user_id, read.events) == (200, "1126", None, ROWS)
    assert (read.echo or None) == (echo or None)


def test_a_page_without_an_echo_does_not_have_the_key():
    assert "echo" not in json.loads(json_page(ROWS, "1126").body)
    assert b"echo" not in xml_page(ROWS, "1126").body


@pytest.mark.parametrize(("import_id", "written"), [("1126", 1126), ("a-1", "a-1"), (None, None)])
def test_a_numeric_id_is_a_number_in_json(import_id, written):
    assert json.loads(json_page((), import_id).body)["import_id"] == written


def test_characters_that_xml_cannot_contain_are_replaced():
    assert decode(xml_page(ROWS, "1126", "a\x00b").body).echo == "a\ufffdb"


@pytest.mark.parametrize("in_xml", [False, True])
@pytest.mark.parametrize("status", [401, 404])
def test_a_refusal_has_a_message_and_with_401_a_challenge(status, in_xml):
    response = refusal(status, "No <such> import.", in_xml=in_xml)
    assert response.status == status
    assert ("www-authenticate" in response.headers) == (status == 401)
    message = b"No &lt;such&gt; import." if in_xml else b"No <such> import."
    assert message in response.body
    assert str(status).encode() in response.body

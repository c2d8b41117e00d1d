"""Target: any bytes as an XML response."""

from .pages import holds, is_received, page_of

_ROW = b'<event><event-type>GATHERING</event-type><status>INPROGRESS</status><value type="integer">5</value></event>'

SEEDS = (
    b"<eventsResponse><events>" + _ROW + b"</events></eventsResponse>",
    b'<?xml version="1.0" encoding="UTF-8"?>\n<eventsResponse><events type="array">'
    + _ROW.replace(b"5", b"five")
    + b'</events><import-id type="integer">1126</import-id><user-id nil="true"></user-id></eventsResponse>',
    b"<root><eventsResponse><events>" + _ROW + _ROW + b"</events><echo>a<b>c</b></echo></eventsResponse></root>",
    b"<eventsResponse><events>" + _ROW.replace(b"5", b"999999999999999") + b"</events></eventsResponse>",
    b'<eventsResponse><events nil="true"/></eventsResponse>',
    b"<eventsResponse><events>text</events></eventsResponse>",
    b"<error><message>no such import</message><code>410</code></error>",
    b"<error>Too many requests</error>",
    b"<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>",
    b'<?xml version="1.0" encoding="ISO-8859-1"?><eventsResponse><events/><echo>\xe9&#13;</echo></eventsResponse>',
    "<?xml version='1.0' encoding='UTF-16'?><eventsResponse><events/></eventsResponse>".encode("utf-16"),
    b'<eventsResponse xmlns="http://x"><x:events xmlns:x="y"/><![CDATA[<events>]]><!-- --></eventsResponse>',
)


def one_input(data: bytes) -> None:
    page = page_of(data, "application/xml")
    if page is not None:
        holds(page)
        shown = page_of(data, None)
        assert shown is None or shown == page
    is_received(data, "application/xml")

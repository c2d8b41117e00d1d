import base64
import copy
import html
import json
import pickle
import time
import traceback
from urllib.parse import quote, quote_plus

import pytest

from event_rows import json_body, rows
from spongewatch import Credentials, InvalidType, Response, TransportError, decode
from spongewatch.core.exchange import MAX_BODY
from spongewatch.core.redaction import Redaction

PASSWORD = "p+/%: <é> 'x' \"y\" &z~"
PLAIN = "hunter22-geheim"
PAIR = f"demo-key:{PASSWORD}"


def lower_hex(text):
    return "".join(text[i].lower() if "%" in text[max(0, i - 2) : i] else text[i] for i in range(len(text)))


FORMS = {
    "as it is": PASSWORD,
    "percent-encoded": quote(PASSWORD, safe=""),
    "percent-encoded, lower case": lower_hex(quote(PASSWORD, safe="")),
    "percent-encoded, slashes as they are": quote(PASSWORD),
    "as in a form": quote_plus(PASSWORD),
    "as in a form, lower case": lower_hex(quote_plus(PASSWORD)),
    "JSON in ASCII": json.dumps(PASSWORD)[1:-1],
    "JSON in ASCII, slashes escaped": json.dumps(PASSWORD)[1:-1].replace("/", "\\/"),
    "JSON": json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
    "JSON, slashes escaped": json.dumps(PASSWORD, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "JSON as Rails writes it": json.dumps(PASSWORD, ensure_ascii=False)[1:-1]
    .replace("<", "\\u003c")
    .replace(">", "\\u003e")
    .replace("&", "\\u0026"),
    "HTML text": html.escape(PASSWORD, quote=False),
    "HTML": html.escape(PASSWORD),
    "HTML, decimal apostrophe": html.escape(PASSWORD).replace("&#x27;", "&#39;"),
    "XML": html.escape(PASSWORD).replace("&#x27;", "&apos;"),
    "XML, apostrophe as it is": html.escape(PASSWORD).replace("&#x27;", "'"),
    "base64": base64.b64encode(PASSWORD.encode()).decode(),
    "base64 without padding": base64.b64encode(PASSWORD.encode()).decode().rstrip("="),
    "URL-safe base64": base64.urlsafe_b64encode(PASSWORD.encode()).decode(),
    "URL-safe base64 without padding": base64.urlsafe_b64encode(PASSWORD.encode()).decode().rstrip("="),
    "base64 of the pair": base64.b64encode(PAIR.encode()).decode(),
    "base64 of the pair without padding": base64.b64encode(PAIR.encode()).decode().rstrip("="),
    "URL-safe base64 of the pair": base64.urlsafe_b64encode(PAIR.encode()).decode(),
    "URL-safe base64 of the pair without padding": base64.urlsafe_b64encode(PAIR.encode()).decode().rstrip("="),
}
CREDENTIALS = Credentials("demo-key", PASSWORD)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_each_listed_form_is_replaced(form):
    assert CREDENTIALS.redaction.text(f"before {form} after") == "before ****** after"
    assert CREDENTIALS.redaction.data(f"before {form} after".encode()) == b"before ****** after"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_each_listed_form_is_replaced_in_wide_text(form, encoding):
    cleaned = CREDENTIALS.redaction.data(f"<日 é>{form}</é>".encode(encoding))
    assert cleaned.decode(encoding) == "<日 é>******</é>"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_wide_forms_are_replaced_in_full_at_the_end_and_before_other_scripts(form, encoding):
    cleaned = CREDENTIALS.redaction.data(f"{form}日{form}".encode(encoding))
    assert cleaned.decode(encoding) == "******日******"


@pytest.mark.parametrize("password", ["日本語のパスワード", "\U0001f511\U0001f511 keys!", "Ünïcödé"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_passwords_outside_ascii_are_replaced(password, encoding):
    redaction = Credentials("key", password).redaction
    for form in (password, json.dumps(password)[1:-1], quote(password)):
        text = f"a {form} b\0"
        assert redaction.data(text.encode(encoding)).decode(encoding) == "a ****** b\0"


def test_without_nul_bytes_wide_text_is_not_searched():
    body = "日本語のパスワード".encode("utf-16-le")
    assert b"\0" not in body
    assert Credentials("key", "日本語のパスワード").redaction.data(body) == body


def test_bytes_that_are_not_text_pass_through():
    every = bytes(range(256)) * 3
    assert CREDENTIALS.redaction.data(every) == every
    assert CREDENTIALS.redaction.data(b"\xff" + PASSWORD.encode() + b"\xfe") == b"\xff******\xfe"


# Forms that are not searched for.


@pytest.mark.parametrize("password", ["e", "geheim"[:5], '"', "\\", "{", "1126", "5", "<e>"])
def test_forms_of_fewer_than_six_characters_are_left_alone(password):
    body = json_body(rows("GATHERING COMPLETED 7"), import_id=1126)
    assert Credentials("key", password).redaction.data(body) == body
    assert Redaction(password).text(f"a {password} b") == f"a {password} b"


def test_six_characters_are_enough():
    assert Redaction("geheim").text("geheim") == "******"


def test_a_short_password_is_still_replaced_in_its_long_forms():
    credentials = Credentials("key", "hush")
    assert credentials.redaction.text(credentials.basic()) == "Basic ******"


@pytest.mark.parametrize("password", ["123456", "89708927", "0000000000"])
def test_digits_alone_are_left_alone(password):
    assert Redaction(password).text(f"a {password} b") == f"a {password} b"


RECORDED = """{"events":[{"import_action_id":89708927,"import_id":89708927,"event_type":"INITIALIZING","value":0,\
"description":null,"status":"COMPLETED","created_at":"2016-04-12T15:12:10.000-07:00"},{"import_action_id":89708927,\
"import_id":89708927,"event_type":"GATHERING","value":2340,"description":null,"status":"COMPLETED","created_at":\
"2016-04-12T15:13:09.000-07:00"},{"import_action_id":89708927,"import_id":89708927,"event_type":"COMPLETE","value":0,\
"description":null,"status":"COMPLETED","created_at":"2016-04-12T15:13:09.000-07:00"}],"import_id":89708927,\
"user_id":null,"id":89708927}"""


def documented(indent):
    events = [
        {"value": value, "status": "COMPLETED", "event_type": name}
        for value, name in ((0, "INITIALIZING"), (2, "GATHERING"), (0, "COMPLETE"))
    ]
    return json.dumps({"events": events, "echo": None, "user_id": None, "import_id": 1126}, indent=indent)


def documented_xml(between, import_id="1126"):
    events = "".join(
        f'<event>{between}<event-type>{name}</event-type>{between}<status>COMPLETED</status>{between}<value type="integer">'
        f"{value}</value>{between}</event>{between}"
        for value, name in ((0, "INITIALIZING"), (2, "GATHERING"), (0, "COMPLETE"))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{between}<eventsResponse>{between}<events type="array">{between}{events}'
        f'</events>{between}<echo nil="true"></echo>{between}<user-id nil="true"></user-id>{between}'
        f"<import-id>{import_id}</import-id>{between}</eventsResponse>"
    )


ORDINARY = {
    "recorded": RECORDED,
    "documented, one line": documented(None),
    "documented": documented(2),
    "XML": documented_xml("\n  "),
    "XML, one line": documented_xml(""),
    "XML, an id with letters": documented_xml("\n", "my-Import_1"),
    "JSON, keys in another order": (
        '{"events":[{"event_type":"GATHERING","status":"COMPLETED","value":7,"import_action_id":7},{"status":"COMPLETED",'
        '"value":0,"description":null,"event_type":"COMPLETE","import_action_id":7}],"user_id":"","id":1126,"import_id":1126}'
    ),
    "JSON, no events": '{"events":[],"echo":null,"import_id":1126,"user_id":null}',
    "XML, the id alone": (
        '<?xml version="1.0"?><eventsResponse><events><event><status>COMPLETED</status><event-type>COMPLETE</event-type>'
        "<value>0</value></event></events><import-id>1126</import-id></eventsResponse>"
    ),
    "simulated": json_body(rows("GATHERING INPROGRESS 5", "COMPLETE ERROR 264"), import_id="my-Import_1").decode(),
}


@pytest.mark.parametrize("text", ORDINARY.values(), ids=list(ORDINARY))
@pytest.mark.parametrize("length", [6, 13, 60])
def test_no_password_changes_an_ordinary_response(text, length):
    body = text.encode()
    import_id = "my-Import_1" if "my-Import_1" in text else str(decode(body).import_id)
    for start in range(0, len(text) - length, 4):
        for password in (text[start : start + length], text[start : start + length].lower()):
            cleaned = Redaction(password).for_import(import_id).data(body)
            assert decode(cleaned) == decode(body), password


@pytest.mark.parametrize("password", ["COMPLETED", "completed", "application/json", "charset=utf-8", "content-type"])
def test_words_of_the_protocol_are_left_alone_in_any_case(password):
    response = Response(
        200, {"content-type": "application/json; charset=utf-8"}, json_body(rows("COMPLETE COMPLETED 0"))
    )
    assert Redaction(password).clean(response) is response


def test_spaces_are_left_alone():
    assert Redaction(" " * 8).text(documented(8)) == documented(8)


@pytest.mark.parametrize(
    "password",
    ["Complete-2024", "status123456", "555-123-4567", "2024-12-31", "Gathering!", "errors", "import id", "12-ab-34"],
)
def test_passwords_that_only_resemble_the_protocol_are_replaced(password):
    assert Redaction(password).text(f"a {password} b") == "a ****** b"


def test_the_import_id_is_left_alone():
    redaction = Credentials("key", "my-Import_1").redaction
    assert redaction.text("my-Import_1") == "******"
    assert redaction.for_import("my-Import_1").text("my-Import_1") == "my-Import_1"
    assert redaction.for_import("the-import") is redaction.for_import("1126") is redaction


# Several secrets, and their order.


@pytest.mark.parametrize(
    "secrets", [["secret", "secret-password", "password"], ["password", "secret", "secret-password"]]
)
def test_the_longest_of_several_secrets_is_replaced_first(secrets):
    assert Redaction(secrets).text("secret-password secret passwor") == "****** ****** passwor"


@pytest.mark.parametrize("secrets", [(), [""], "", iter([])])
def test_without_secrets_nothing_is_replaced(secrets):
    redaction = Redaction(secrets)
    assert redaction.text("any text") == "any text"
    assert redaction.data(b"\xff\0") == b"\xff\0"


def test_a_str_is_one_secret():
    assert Redaction("abcdef").text("a b c abcdef") == "a b c ******"


@pytest.mark.parametrize("secret", ["x\ud800-secret", "line\nfeed"])
def test_any_text_may_be_a_secret(secret):
    assert Redaction(secret).text(f"a {secret} b") == "a ****** b"
    assert Redaction(secret).data(f"a {secret} b".encode(errors="surrogatepass")) == b"a ****** b"


@pytest.mark.parametrize(
    "password", ["*" * 7, "*secret", "secret*", "abc******def", "*#-_.~*", "\u2a2a日本語日本語", "\u012asecret"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_replacing_a_secret_never_creates_another(password, encoding):
    redaction = Redaction(password)
    for text in (password * 3, password[:-1] + password * 3, password * 3 + password[1:], "*" * 40, password[:3] * 9):
        cleaned = redaction.data(f"\0a{text}".encode(encoding))
        assert password.encode(encoding) not in cleaned
        assert redaction.data(cleaned) == cleaned


def test_if_every_filler_is_taken_the_placeholder_stays_the_same():
    secrets = [f"{a}secret{a}" for a in "*#-_.~xyzXYZ"]
    assert Redaction(secrets).text("a *secret* b") == "a ****** b"


def test_a_cleaned_text_is_never_longer():
    body = PASSWORD.encode() * 5
    for form in FORMS.values():
        assert len(CREDENTIALS.redaction.text(form)) <= len(form)
    assert len(CREDENTIALS.redaction.data(body)) < len(body)
    largest = ("geheim" * MAX_BODY)[:MAX_BODY].encode()
    assert len(Redaction("geheim").clean(Response(200, {}, largest)).body) == MAX_BODY


@pytest.mark.reads_locals
@pytest.mark.parametrize("secrets", [5, None, [b"hunter22"], ["hunter22", 5], b"hunter22"])
def test_secrets_of_another_type_are_refused_and_not_shown(secrets):
    with pytest.raises(InvalidType, match="^secrets and pairs must be a str or an iterable of str$") as caught:
        Redaction(secrets)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
    assert "hunter22" not in str([frame.locals for frame in frames])


# Responses and errors.


def test_a_response_is_cleaned_in_headers_and_body():
    redaction = Credentials("key", PLAIN).redaction
    headers = {"content-type": f"text/{PLAIN}", f"x-{PLAIN}": "1", "date": "today"}
    cleaned = redaction.clean(Response(401, headers, f"no {PLAIN}".encode()))
    assert cleaned == Response(401, {"content-type": "text/******", "x-******": "1", "date": "today"}, b"no ******")


@pytest.mark.parametrize(
    ("echoed", "kept"),
    [
        ("text/{}; é", "text/******; é"),
        ("text/{}; \u20ac", "text/******; \u20ac"),
    ],
)
def test_headers_are_cleaned_even_if_decoded_as_latin_1(echoed, kept):
    redaction = CREDENTIALS.redaction
    assert redaction.clean(Response(503, {"x": echoed.format(PASSWORD)})).headers["x"] == kept
    as_latin_1 = "text/" + PASSWORD.encode().decode("latin-1")  # UTF-8, as HTTP clients show it
    assert redaction.clean(Response(503, {"x": as_latin_1})).headers["x"] == "text/******"


def test_a_response_without_secrets_is_returned_as_it_is():
    response = Response(200, {"content-type": "application/json"}, json_body([]))
    assert CREDENTIALS.redaction.clean(response) is response


def test_a_cleaned_response_is_not_searched_again(monkeypatch):
    redaction, other = Redaction(PLAIN), Redaction("another-secret")
    cleaned = redaction.clean(Response(401, {}, f"{PLAIN} another-secret".encode()))
    searched = []
    monkeypatch.setattr(Redaction, "data", lambda self, data: searched.append(self) or data)
    assert redaction.clean(cleaned) is cleaned
    assert searched == []
    other.clean(cleaned)
    assert searched == [other]


def test_the_mark_of_a_cleaned_response_is_not_copied():
    redaction = Redaction(PLAIN)
    cleaned, same = redaction.clean(Response(200, {}, b"1")), Response(200, {}, b"1")
    assert (cleaned, repr(cleaned)) == (same, "Response(status=200)")
    assert pickle.dumps(cleaned) == pickle.dumps(same)
    for copied in (pickle.loads(pickle.dumps(cleaned)), copy.copy(cleaned), copy.deepcopy(cleaned)):
        assert copied._cleaned_by is None


def test_an_error_is_cleaned_in_its_detail():
    redaction = Redaction(PLAIN)
    cleaned = redaction.clean(TransportError("tls", f"no {PLAIN}", permanent=True))
    assert (cleaned.kind, cleaned.detail, cleaned.permanent) == ("tls", "no ******", True)
    timeout = TransportError("timeout", "after 10 s")
    assert redaction.clean(timeout) is timeout


@pytest.mark.parametrize("response", [None, b"no", ValueError("no")])
def test_only_responses_and_transport_errors_are_cleaned(response):
    with pytest.raises(InvalidType, match="^response must be a Response or a TransportError, not "):
        Redaction(PLAIN).clean(response)


def test_the_repr_shows_no_secret_and_never_raises():
    assert PLAIN not in repr(Redaction(PLAIN))
    repr(object.__new__(Redaction))


# Cost.

MEBIBYTE = 1024 * 1024
PREFIXES = {
    "hunter22": "hunter2",
    "a" * 60 + "b": "a" * 60,
    "a" * 2000 + "b" + "a" * 2000: "a" * 2000,
    "ab" * 2000 + "c": "ab" * 1000,
    "\\" * 250: "\\" * 249 + "x",
    "\\" * 251: "\\",
    "%" * 60 + "x": "%25",
    "&" * 60 + "x": "&amp;",
    "'\"<&>/é" * 300: "'\"<&>/é",
    "\u202e" * 300 + "x": "\\u202e",
    PASSWORD: PASSWORD[:-1],
    "geheim": "geheim",
    "x" * 8000: "x" * 7999 + "y",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("password", list(PREFIXES), ids=[password[:8] for password in PREFIXES])
def test_a_mebibyte_is_searched_in_linear_time(password, encoding):
    redaction = Credentials("key", password).redaction
    body = (PREFIXES[password] * MEBIBYTE).encode(encoding)[:MEBIBYTE] if len(PREFIXES[password]) < 99 else b""
    body = body or (PREFIXES[password] * (MEBIBYTE // len(PREFIXES[password]) + 1)).encode(encoding)[:MEBIBYTE]

    def seconds(data):
        before = time.process_time()
        redaction.data(data)
        return time.process_time() - before

    assert min(seconds(body) for _ in range(3)) < 0.5  # about a tenth of it on a quiet machine


@pytest.mark.parametrize("password", ["'\"<&>/é" * 40, "\\" * 250, "x" * 4000], ids=["mixed", "\\", "x"])
def test_nul_bytes_are_searched_as_quickly_as_letters(password):
    redaction = Credentials("key", password).redaction

    def seconds(data):
        before = time.process_time()
        redaction.data(data)
        return time.process_time() - before

    nuls, letters = bytes(MEBIBYTE), b"\0" + b"a" * MEBIBYTE
    assert min(seconds(nuls) for _ in range(3)) < 10 * min(seconds(letters) for _ in range(3))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("around", ["", "x"])
def test_a_form_beside_a_run_of_nul_bytes_is_replaced(encoding, around):
    form = f"{around}hunter22{around}".encode(encoding)
    kept = Redaction("hunter22").data(bytes(40) + form + bytes(40) + form + bytes(40))
    clean = f"{around}******{around}".encode(encoding)
    assert kept == bytes(40) + clean + bytes(40) + clean + bytes(40)

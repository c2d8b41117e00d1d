import base64
import json
import time
from html import escape
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import quoteattr

import pytest

from spongewatch import Credentials, Redaction, printable

PASSWORD = 'p+/%: é"'
PAIR = f"demo-key:{PASSWORD}"
REDACTION = Credentials("demo-key", PASSWORD).redaction


def lowered(percent):
    return quote(percent, safe="").replace("%C3%A9", "%c3%a9").replace("%2B", "%2b").replace("%2F", "%2f")


FORMS = {
    "raw": PASSWORD,
    "percent": quote(PASSWORD, safe=""),
    "percent, its slash as it is": quote(PASSWORD),
    "percent, lower case": lowered(PASSWORD),
    "percent, every byte": "".join(f"%{byte:02x}" for byte in PASSWORD.encode()),
    "percent, only what has to be": PASSWORD.replace("%", "%25").replace(" ", "%20"),
    "percent, of latin-1": quote(PASSWORD, safe="", encoding="latin-1"),
    "a form's": quote_plus(PASSWORD),
    "base64": base64.b64encode(PASSWORD.encode()).decode(),
    "base64 of the pair": base64.b64encode(PAIR.encode()).decode(),
    "base64 of latin-1": base64.b64encode(PASSWORD.encode("latin-1")).decode(),
    "base64 of the pair in latin-1": base64.b64encode(PAIR.encode("latin-1")).decode(),
    "url-safe base64": base64.urlsafe_b64encode(PASSWORD.encode()).decode(),
    "url-safe base64 of the pair": base64.urlsafe_b64encode(PAIR.encode()).decode(),
    "base64 without its end": base64.b64encode(PASSWORD.encode()).decode().rstrip("="),
    "base64, percent-encoded": quote(base64.b64encode(PAIR.encode()), safe=""),
    "json": json.dumps(PASSWORD)[1:-1],
    "json in UTF-8": json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
    "json with slashes escaped": json.dumps(PASSWORD)[1:-1].replace("/", "\\/"),
    "json in upper case": json.dumps(PASSWORD)[1:-1].replace("\\u00e9", "\\u00E9"),
    "json of it percent-encoded": json.dumps(quote(PASSWORD)),
    "xml": escape(PASSWORD),
    "xml in an attribute": quoteattr(PASSWORD)[1:-1],
    "xml in ASCII": PASSWORD.encode("ascii", "xmlcharrefreplace").decode(),
    "percent, twice": quote(quote(PASSWORD, safe=""), safe=""),
    "percent, three times": quote(quote(quote(PASSWORD, safe=""), safe=""), safe=""),
    "xml with zeros": "".join(f"&#{'0' * 20}{ord(character)};" for character in PASSWORD),
    "xml in hex with zeros": "".join(f"&#x{'0' * 20}{ord(character):X};" for character in PASSWORD),
    "xml in hex": PASSWORD.replace("é", "&#xE9;").replace('"', "&#x22;"),
    "the pair": PAIR,
    "the pair, percent": quote(PAIR),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_secret_is_taken_out_in_every_form(form):
    expected = "before [secret] after" if form[0] != '"' else 'before "[secret]" after'
    assert REDACTION.text(f"before {form} after") == expected
    assert REDACTION.data(f"before {form} after".encode()) == expected.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_secret_is_taken_out_of_bytes(encoding):
    before, after = "<é>".encode(encoding), "</é>".encode(encoding)
    assert REDACTION.data(before + PASSWORD.encode(encoding) + after) == before + b"[secret]" + after


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_secret_is_taken_out_of_utf_16(encoding):
    kept = REDACTION.data(f"<é>{PASSWORD}</é>".encode(encoding))
    assert kept.decode(encoding) == "<é>[secret]</é>"


def test_what_only_looks_like_utf_16_is_searched_as_it_is():
    assert REDACTION.data(b"\x00\xd8\x00" + PASSWORD.encode()) == b"\x00\xd8\x00[secret]"


@pytest.mark.parametrize(
    "password", ["a&b<c>d'e", "back\\slash", "日本", "\U0001f511", "\u202ebidi", "nb\u00a0sp", "%25", "&amp;"]
)
def test_other_characters_that_are_written_in_more_ways_than_one(password):
    redaction = Credentials("key", password).redaction
    forms = [
        password,
        quote(password, safe=""),
        quote(password, safe="").lower(),
        json.dumps(password)[1:-1],
        json.dumps(json.dumps(password)[1:-1])[1:-1],
        json.dumps(json.dumps(json.dumps(password)[1:-1])[1:-1])[1:-1],
        json.dumps(password).replace("&", "\\u0026").replace("<", "\\u003C").replace(">", "\\u003e")[1:-1],
        escape(password),
        password.replace("&", "&amp;").replace("'", "&apos;"),
        printable(password),
        password.encode("ascii", "xmlcharrefreplace").decode(),
    ]
    assert [redaction.text(f"<{form}>") for form in forms] == ["<[secret]>"] * len(forms)


@pytest.mark.parametrize("password", ["p>>>?", "key?>~?~", "~~~?>>>", "abW", "it's"])
def test_base64_is_taken_out_in_both_alphabets_and_with_its_end_or_without(password):
    forms = [encode(password.encode()).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    forms += [form.rstrip("=") for form in forms] + [quote(form) for form in forms]
    assert [Redaction([password]).text(f"<{form}>") for form in forms] == ["<[secret]>"] * len(forms)


def test_an_apostrophe_may_be_escaped():
    assert Redaction(["it's"]).text(r"it's, it\'s, it\\\'s, it&apos;s") == ", ".join(["[secret]"] * 4)


@pytest.mark.parametrize("character", [chr(0x80), chr(0xFF)])
def test_each_character_of_latin_1_is_found_in_bytes_of_it(character):
    secret = f"a{character}b"
    assert Redaction([secret]).data(secret.encode("latin-1")) == b"[secret]"
    assert Redaction([f"a{chr(0x100)}b"]).text(f"{secret} a{chr(0x100)}b") == f"{secret} [secret]"


def test_every_place_is_redacted():
    assert REDACTION.text(f"{PASSWORD}{PASSWORD} {quote(PASSWORD)}") == "[secret][secret] [secret]"
    assert (
        REDACTION.text(f"Authorization: {Credentials('demo-key', PASSWORD).basic()}") == "Authorization: Basic [secret]"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "demo-key",
        "p+/%: e",
        "P+/%: É",
        'events: 1126, "GATHERING" é %20 &amp; \\u00e9',
        "half of it is \ud800",
        PASSWORD[:-1],
        PASSWORD[1:],
    ],
)
def test_nothing_else_is_changed(text):
    assert REDACTION.text(text) == text


def test_bytes_that_are_no_text_come_through():
    every = bytes(range(256)) * 3
    assert REDACTION.data(every) == every
    assert REDACTION.data(b"\xff" + PASSWORD.encode() + b"\xfe") == b"\xff[secret]\xfe"


@pytest.mark.parametrize("password", ["日a本", "1日本", "x\ud800"])
def test_a_password_that_an_encoding_can_not_write_is_not_cut_down_to_what_it_can(password):
    redaction = Redaction([password])
    assert redaction.text("a 1 x YQ MQ eA") == "a 1 x YQ MQ eA"
    assert redaction.text(f"a {password} 1") == "a [secret] 1"


@pytest.mark.parametrize("secrets", [(), [""], "", iter([])])
def test_without_secrets_nothing_happens(secrets):
    redaction = Redaction(secrets)
    assert redaction.text("any text") == "any text"
    assert redaction.data(b"\xff") == b"\xff"


def test_one_text_is_one_secret_and_not_one_for_each_letter():
    assert Redaction("abc").text("a b c abc") == "a b c [secret]"


@pytest.mark.parametrize("secrets", [["pass", "password", "word"], ["word", "password", "pass"]])
def test_a_secret_that_is_part_of_another(secrets):
    assert Redaction(secrets).text("password pass word passwor") == "[secret] [secret] [secret] [secret]wor"


def test_it_may_be_used_again():
    redaction = Redaction(["abc"])
    assert [redaction.text("abc") for _ in range(3)] == ["[secret]"] * 3


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("a" * 60, "a" * 59 + "b"),
        ("\\" * 30 + "x", "\\" * 3000),
        ("%" * 60 + "x", "%25" * 3000),
        ("&" * 60 + "x", "&amp;" * 3000),
        ("'" * 30 + "x", "\\'" * 3000),
        ("\u0085" * 30 + "x", "\\x85" * 3000),
        ("é" * 60 + "x", "é" * 3000),
        ("\x7f" * 60 + "x", "\x7f" * 3000),
        ("\u202e" * 30 + "x", "\\u202e" * 3000),
        ("x" * 20, "&#" + "0" * 1_000_000),
    ],
    ids=range(10),
)
def test_a_text_that_nearly_holds_a_secret_does_not_stop_the_watch(secret, text):
    before = time.process_time()
    assert Redaction([secret]).text(text) == text
    assert time.process_time() - before < 5


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_wide_text_that_breaks_off_within_a_character_keeps_no_secret(encoding):
    kept = Redaction(["pass"]).data('{"error": "pass"}'.encode(encoding)[:-1])
    assert "pass" not in kept.decode(encoding, "replace")
    assert "[secret]" in kept.decode(encoding, "replace")


def test_a_wide_text_keeps_no_secret_where_a_byte_of_another_letter_looks_like_it():
    kept = Redaction(["Ã"]).data('{"error": "é, Ã"}'.encode("utf-16-le")).decode("utf-16-le")
    assert "Ã" not in kept
    assert "[secret]" in kept


def test_bytes_with_zeros_that_hold_no_secret_stay_as_they_are():
    for data in (b"\x00\x01\x02", "<é>".encode("utf-16"), b"\xff\x00\xff"):
        assert REDACTION.data(data) == data


def test_a_text_stays_a_text_where_a_secret_is_one_byte_of_it():
    text = Redaction(["é"]).text("x\u9000y")
    assert text.startswith("x")
    assert text.endswith("y")


@pytest.mark.parametrize(
    "split",
    [
        "hu<!-- x -->sh",
        "hu<!--\n-->sh",
        "hu<!-- a -->s<!-- b -->h",
        "hu<!-- -> a -->sh",
        "hu<?a > b?>sh",
        "<?a?>hu<?b c?>sh",
        "<![CDATA[hu]]><![CDATA[sh]]>",
        "<![CDATA[<!--]]>hu<![CDATA[s]]>h",
        "<![CDATA[a\n]]>hu<![CDATA[sh",
        "hu<!---->sh<!-- ",
        "hu<?a?>sh<?b ",
    ],
)
def test_a_secret_in_parts_is_found_where_what_stands_between_is_no_text(split):
    assert Redaction(["hush"]).hidden_in(f"<a>{split}</a>".encode())
    assert not Redaction(["hash"]).hidden_in(f"<a>{split}</a>".encode())


@pytest.mark.parametrize(
    "text",
    [
        "hush",
        "hu<a/>sh",
        "<!-- hush -->",
        "hu<!-- sh",
        "hu<!- a -->sh",
        "hu<![CDATA[ ]]>sh",
        "<?a?> <!-- hush",
        "<!----> <? hush",
        "hu<? sh",
        "",
    ],
)
def test_what_stands_in_one_piece_or_in_no_text_is_not_hidden(text):
    assert not Redaction(["hush"]).hidden_in(text.encode())


@pytest.mark.parametrize("secret", ["\\X", "\\\\X", "\\" * 8 + "X", "\\srv\\\\"])
def test_a_row_of_escapes_is_searched_for_backslashes_in_bounded_time(secret):
    before = time.process_time()
    body = (b"\\" * 8 + b"u005c") * 2_000
    assert Redaction([secret]).data(body) == body
    assert time.process_time() - before < 5


@pytest.mark.parametrize("secret", ["\\u005cX", "a\\u005c\\", "\\\\u005c"])
def test_a_secret_that_reads_like_an_escape_is_taken_out_as_it_is(secret):
    assert Redaction([secret]).text(f"<{secret}>") == "<[secret]>"


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_a_row_of_backslashes_is_taken_out_however_it_is_escaped(number):
    secret = "\\" * number + "X"
    once, twice = json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]
    for text in (secret, once, twice, "\\u005c" * number + "X", "&#92;" * number + "X", quote(secret)):
        assert Redaction([secret]).text(f"<{text}>") == "<[secret]>"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_a_secret_in_parts_is_found_in_utf_16_too(encoding):
    assert Redaction(["hush"]).hidden_in("<a>hu<!-- -->sh</a>".encode(encoding))

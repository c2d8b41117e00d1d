import pytest

from spongewatch import InvalidArgument
from spongewatch.core.secret import Secret
from spongewatch.transports.http.origins import Origin, Routes
from spongewatch.transports.http.proxies import Proxies


def found(url, proxy=None):
    origin, target = Routes(Proxies(proxy and Secret(proxy), trust_env=False)).find(Secret(url))
    return origin[:3], str(target)


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://api.example/a?b=c", ("https", "api.example", 443), "/a?b=c"),
        ("http://API.example:8080/a", ("http", "api.example", 8080), "/a"),
        ("https://[2001:db8::1]/", ("https", "2001:db8::1", 443), "/"),
        ("https://api.example", ("https", "api.example", 443), "/"),
        ("https://api.example?b", ("https", "api.example", 443), "/?b"),
        ("https://api.example/a#part", ("https", "api.example", 443), "/a"),
        ("https://api.example/a/../b", ("https", "api.example", 443), "/b"),
        ("https://api.example/a b?c\xe9", ("https", "api.example", 443), "/a%20b?c%C3%A9"),
        ("HTTPS://api.example/a", ("https", "api.example", 443), "/a"),
        ("https://b\xfccher.example/a", ("https", "xn--bcher-kva.example", 443), "/a"),
    ],
)
def test_a_url_is_split_into_its_origin_and_its_target(url, origin, target):
    assert found(url) == (origin, target)


@pytest.mark.parametrize("target", ["/a%2fb%2F?c=%c3&d=a.b..c", "/~a!$&'()*+,;=:@-._"])
def test_a_target_that_needs_no_escapes_is_unchanged(target):
    assert found(f"https://api.example{target}") == (("https", "api.example", 443), target)


def test_a_proxy_gets_the_whole_url_of_a_plain_http_request():
    assert found("http://api.example/a?b", "http://proxy.example:3128")[1] == "http://api.example/a?b"
    assert found("https://api.example/a?b", "http://proxy.example:3128")[1] == "/a?b"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://api.example/s3cret", "^url must start with http:// or https:// and a host$"),
        ("https:///s3cret", "^url must start with http:// or https:// and a host$"),
        ("https://api.example:99999/s3cret", "^url can't be parsed$"),
        ("https://api.example:99999/s3 cret", "^url can't be parsed$"),
        ("https://key:s3cret@api.example/", "^url must not contain credentials; send them in a header$"),
    ],
)
def test_an_unusable_url_is_an_invalid_argument_that_does_not_show_it(url, message):
    with pytest.raises(InvalidArgument, match=message) as caught:
        found(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "api.example", 443, None), "api.example"),
        (Origin("https", "api.example", 80, None), "api.example:80"),
        (Origin("http", "2001:db8::1", 80, None), "[2001:db8::1]"),
        (Origin("http", "2001:db8::1", 81, None), "[2001:db8::1]:81"),
    ],
)
def test_the_authority_leaves_out_the_default_port(origin, authority):
    assert origin.authority == authority

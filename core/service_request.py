"""`service_request`: a JSON request of steps 1 and 3, with the credentials in it."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from .credentials import Credentials
from .endpoint import AUTHS, Auth, checked_base_url, hidden_url
from .errors import not_one_of
from .exchange import MAX_BODY, Request
from .secret import Secret


def service_request(
    method: str,
    path: str,
    credentials: Credentials | None,
    *,
    base_url: str,
    auth: Auth,
    insecure_http: bool,
    arguments: Mapping[str, str],
    max_body: int = MAX_BODY,
) -> Request:
    """Return a request; the arguments of a POST are its form-encoded body, those of a GET its query.

    Raises:
        InvalidArgument: `auth` or `base_url` can't be used.
    """
    if auth not in AUTHS:
        raise not_one_of("auth", AUTHS, auth)
    base = checked_base_url(hidden_url(base_url), insecure_http=insecure_http)
    headers = {"accept": "application/json", "cache-control": "no-cache"}
    fields = dict(arguments)
    if credentials and auth == "basic":
        headers["authorization"] = credentials.basic()
    elif credentials:
        fields |= {"domain_key": credentials.domain_key, "domain_password": credentials.domain_password}
    encoded = Secret(urlencode(fields, quote_via=quote))
    if method == "GET":
        return Request(method, Secret(f"{base}/{path}?{encoded}"), headers, max_body=max_body)
    headers["content-type"] = "application/x-www-form-urlencoded"
    return Request(method, Secret(f"{base}/{path}"), headers, encoded.encode(), max_body=max_body)

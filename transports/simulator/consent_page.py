"""The consent page of the simulated service, on which a person allows or declines an import."""

from html import escape
from http import HTTPStatus
from typing import Final

from ...core import Response

_STYLE: Final = """\
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
body { display: grid; place-items: center; min-height: 90vh; margin: 0; padding: 1rem; }
main { max-width: 26rem; border: 1px solid #8888; border-radius: .75rem; padding: 1.5rem 2rem 2rem; }
h1 { font-size: 1.4rem; margin-top: 0; }
form { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1 1 8rem; font: inherit; padding: .65rem 1rem; border-radius: .5rem; border: 1px solid #1a66d6; }
button[value=allow] { background: #1a66d6; color: #fff; }
button[value=decline] { background: none; color: inherit; border-color: #888; }
small { opacity: .75; }
"""


def question(service: str) -> Response:
    """Return the page that asks the person.

    >>> b"Allow" in question("gmail").body
    True
    """
    return _page(
        f"Share your {service} contacts?",
        "<p>An application asks to import your address book.</p>"
        '<form method="post"><button name="decision" value="allow">Allow</button>'
        '<button name="decision" value="decline">Decline</button></form>'
        "<p><small>This is a simulated service. All contacts are invented.</small></p>",
    )


def decided(*, allowed: bool, redirect_url: str | None) -> Response:
    """Return what the person sees after the decision: the application's page, or one that closes a popup.

    >>> decided(allowed=True, redirect_url="https://app.example/done").headers["location"]
    'https://app.example/done'
    """
    if redirect_url is not None:
        return Response(HTTPStatus.SEE_OTHER, {"location": redirect_url})
    return _page(
        "Thank you" if allowed else "Nothing was shared",
        "<p>You can close this window.</p><script>window.close()</script>",
    )


def _page(title: str, body: str) -> Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(HTTPStatus.OK, {"content-type": "text/html; charset=utf-8"}, html.encode())

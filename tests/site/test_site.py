"""The built site in Chromium, at the width of a desktop and of a phone, light and dark; `make docs` runs it."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urldefrag, urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

SITE = Path(__file__).parents[2] / "build/site"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
LONGEST = 100_000
"""Milliseconds that a busy machine may take to start a browser or to load a page."""
DESKTOP, PHONE = 1300, 390
LOOKS = [(width, scheme) for width in (DESKTOP, PHONE) for scheme in ("light", "dark")]


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=SITE)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS, timeout=LONGEST)
        yield running
        running.close()


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: f"{look[0]} {look[1]}")
def screen(request, browser):
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(LONGEST)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_is_accessible_and_loads_nothing_from_other_hosts(screen, address, name):
    requested, errors = [], []
    screen.on("request", lambda request: requested.append(request.url))
    screen.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    screen.goto(address + name)

    assert screen.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert screen.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    found = Axe().run(screen).response["violations"]
    assert [(each["id"], each["nodes"][0]["target"], each["nodes"][0]["failureSummary"]) for each in found] == []
    # Last, because scripts load more after the page has loaded.
    assert [url for url in requested if not url.startswith((address, "data:"))] == []
    assert errors == []


@pytest.mark.parametrize("name", PAGES)
def test_code_is_not_clipped_on_a_desktop(browser, address, name):
    context = browser.new_context(viewport={"width": DESKTOP, "height": 900})
    context.set_default_timeout(LONGEST)
    page = context.new_page()
    page.goto(address + name)
    clipped = page.eval_on_selector_all(
        "pre", "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
    )
    context.close()
    assert clipped == []


def test_copying_code_leaves_out_prompts_and_output(browser, address):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(LONGEST)
    page = context.new_page()
    page.goto(address + "index.html")
    copied = [""]
    for button in page.locator("button.copybtn").all():
        button.click(force=True)
        page.wait_for_function("last => navigator.clipboard.readText().then(text => text !== last)", arg=copied[-1])
        copied.append(page.evaluate("navigator.clipboard.readText()"))
    context.close()
    assert copied[1] == 'pip install ".[cli]"'
    assert copied[2].splitlines()[2:4] == [
        "with Simulator(speed=50) as service:  # a local stand-in for CloudSponge",
        '    with Client("demo-key", "demo-password", base_url=service.base_url) as client:',
    ]
    assert not any(line.startswith(("$", ">", "Ask", "0")) for text in copied for line in text.splitlines())


def test_all_links_lead_somewhere(browser, address):
    """Check links within the site only; no other link is followed."""
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(LONGEST)
    screen = context.new_page()
    links, anchors = set(), set()
    for name in PAGES:
        screen.goto(address + name)
        links |= {
            (name, href)
            for href in screen.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        }
        anchors |= {
            f"{address}{name}#{each}" for each in screen.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
        }
    context.close()
    broken = []
    for name, href in sorted(links):
        target = urljoin(address + name, href)
        if not target.startswith(address):
            continue
        page, anchor = urldefrag(target)
        if not (SITE / page.removeprefix(address)).is_file() or (anchor and target not in anchors):
            broken.append((name, href))
    assert broken == []

"""Mends, in the built pages, what Sphinx and Furo leave for those who use a keyboard or a screen reader."""

import re
from pathlib import Path
from shutil import copytree

from sphinx.application import Sphinx

MENDS = [
    (r'role="heading"(?! aria-level)', 'role="heading" aria-level="2"'),
    (r'<aside class="sidebar-drawer"', '<aside class="sidebar-drawer" aria-label="All pages"'),
    (r'<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    # What scrolls sideways has to be reached by the keyboard.
    (r"<pre>", '<pre tabindex="0">'),
    (r'<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
    # The arguments of a long signature are no list of definitions.
    (r"<dl>\s*((?:<dd>.*?</dd>\s*)+)</dl>", lambda found: lines(found[1])),
    (r'<div id="search-results">', '<h1>Search</h1>\n<div id="search-results">'),
]


def lines(arguments: str) -> str:
    """Each argument on a line of its own."""
    return arguments.replace("<dd>", '<span class="argument">').replace("</dd>", "</span>")


def mend(app: Sphinx, exception: Exception | None) -> None:
    """Go through all pages, once they are there."""
    if exception is None and app.builder.name == "html":
        # Sphinx copies what Markdown shows, and not what stands in HTML, as a picture for light and dark has to;
        # and a schema is to have an address that lasts.
        for folder in ("pictures", "reference/schemas"):
            copytree(Path(app.srcdir, folder), Path(app.outdir, folder), dirs_exist_ok=True)
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for pattern, replacement in MENDS:
                text = re.sub(pattern, replacement, text, flags=re.DOTALL)
            page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", mend)
    app.add_css_file("site.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}

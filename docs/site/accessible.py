"""Make the built pages usable with a keyboard and a screen reader, where Sphinx and Furo don't."""

import re
from pathlib import Path
from shutil import copytree

from sphinx.application import Sphinx

FIXES = [
    (r'role="heading"(?! aria-level)', 'role="heading" aria-level="2"'),
    (r'<aside class="sidebar-drawer"', '<aside class="sidebar-drawer" aria-label="All pages"'),
    (r'<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    # Scrollable blocks must be reachable by keyboard.
    (r"<pre>", '<pre tabindex="0">'),
    (r'<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
    # Sphinx writes the arguments of a long signature as a definition list without terms.
    (r"<dl>\s*((?:<dd>.*?</dd>\s*)+)</dl>", lambda found: lines(found[1])),
    (r'<div id="search-results">', '<h1>Search</h1>\n<div id="search-results">'),
]


def lines(arguments: str) -> str:
    """Put each argument on a line of its own."""
    return arguments.replace("<dd>", '<span class="argument">').replace("</dd>", "</span>")


def fix_pages(app: Sphinx, exception: Exception | None) -> None:
    """Apply the fixes to all built pages."""
    if exception is None and app.builder.name == "html":
        # Sphinx doesn't copy pictures that are referenced in raw HTML, as those for light and dark are. The schemas
        # are copied to keep their addresses.
        for folder in ("pictures", "reference/schemas"):
            copytree(Path(app.srcdir, folder), Path(app.outdir, folder), dirs_exist_ok=True)
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for pattern, replacement in FIXES:
                text = re.sub(pattern, replacement, text, flags=re.DOTALL)
            page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", fix_pages)
    app.add_css_file("site.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}

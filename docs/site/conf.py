"""Sphinx configuration for the site; `make site` builds it."""

import sys
from pathlib import Path

import spongewatch

sys.path.insert(0, str(Path(__file__).parent))  # for the extensions in this folder

project = "Spongewatch"
version = release = spongewatch.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "public_names",
    "accessible",
]
copybutton_prompt_text = r">>> |\.\.\. |\$ |> "  # copy neither prompts nor output
copybutton_prompt_is_regexp = True
myst_heading_anchors = 3
exclude_patterns = ["recipes", "site", "traces"]

napoleon_use_ivar = True  # attributes in docstrings are listed, not documented a second time
default_role = "py:obj"
suppress_warnings = ["misc.highlighting_failure"]
nitpicky = True
# Other libraries, and private classes in signatures, have no page here.
nitpick_ignore_regex = [
    ("py:.*", r"(?!spongewatch).*"),
    ("py:class", r"spongewatch\.(\w+\.){2,}[A-Z]\w*"),
    ("py:obj", ".*"),
]
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True}
python_maximum_signature_line_length = 72
python_use_unqualified_type_names = True
add_module_names = False

html_theme = "furo"
html_title = "Spongewatch"
html_static_path = ["static"]
html_favicon = "static/icon.svg"  # without it, browsers request a missing favicon.ico
html_show_sourcelink = html_copy_source = False
html_show_sphinx = html_show_copyright = False

"""The timeline as a command, in a terminal and in a browser."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "spongewatch")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")} | {
    "PYTHONUTF8": "1"
}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</style></title><script>owned=1</script><img src=x onerror=owned=1>&lt;\u202e\x00\x1b[2J\"'-->"
SHOWN = r"</style></title><script>owned=1</script><img src=x onerror=owned=1>&lt;\u202e\x00\x1b[2J" + "\"'-->"

DRAWN = {
    "completes": """\
Import 1126: completed with 2,001 contacts; fetch them within minutes

INITIALIZING  █████████████████████████████████████████ 7.0 s
GATHERING                                       4.5 s ██████████████████████████
completed                                                               11.5 s ●
polls          ╵     ╵     ╵      ╵     ╵      ╵      ╵     ╵      ╵     ╵     ╵
       2,001                                                       ▂▂▂▂▂▂▂▂▂▂▂▂█
contacts                                                           █████████████
                                                            ▅▅▅▅▅▅▅█████████████
           0                                          ▁▁▁▁▁▁████████████████████
              ┴──────────┴──────────┴───────────┴──────────┴───────────┴────────
              0          2 s        4 s         6 s        8 s         10 s

╵ 11 polls
""",
    "abandoned": """\
Import 1127: abandoned in INITIALIZING with error code 514: The person declined
to share their contacts. Ask the person: they must act before a new import can
succeed.

INITIALIZING  ██████████████████████████████████████████████████████████████████
abandoned                                                                8.1 s ●
polls          ╵        ╵        ╵        ╵         ╵        ╵        ╵        ╵
              ┴───────┴───────┴───────┴───────┴───────┴───────┴───────┴───────┴─
              0       1 s     2 s     3 s     4 s     5 s     6 s     7 s    8 s

╵ 8 polls
""",
}


def run(*arguments, **options):
    options = {"env": ENVIRONMENT, "encoding": "utf-8", "cwd": ROOT} | options
    return subprocess.run([COMMAND, "timeline", *map(str, arguments)], capture_output=True, timeout=60, **options)


@pytest.mark.parametrize("name", DRAWN)
def test_the_traces_of_the_docs_as_text(name):
    done = run(f"docs/traces/{name}.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (0, DRAWN[name], "")


def test_the_guide_shows_the_drawing_of_the_command():
    guide = (ROOT / "docs/guides/timeline.md").read_text()
    (shown,) = re.findall(r"^\$ spongewatch timeline (\S+)\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    done = run(shown[0])
    assert (done.returncode, done.stdout) == (0, shown[1])


def test_the_drawing_fits_the_width_and_encoding_of_the_terminal():
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    command = [COMMAND, "timeline", "docs/traces/fails.jsonl"]
    environment = ENVIRONMENT | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment, cwd=ROOT)
    os.close(its)
    screen = b""
    while True:
        try:
            screen += os.read(ours, 65536)
        except OSError:  # Linux raises this when the other side is closed
            break
    os.close(ours)
    assert process.wait(timeout=60) == 0
    rows = screen.decode("ascii").splitlines()
    assert "GATHERING        #######################" in rows
    assert max(len(row) for row in rows) == 40


HARNESS = """<!doctype html>
<meta name="color-scheme" content="light dark">
<body>
%s
<script>
onload = () => {
  const pages = [...document.querySelectorAll("iframe")].map(frame => {
    const inside = frame.contentWindow, page = inside.document, root = page.documentElement;
    const boxes = [...page.querySelectorAll("body *")].map(element => element.getBoundingClientRect());
    return {
      name: frame.name,
      overflow: root.scrollWidth - root.clientWidth,
      left: Math.min(...boxes.map(box => box.left)),
      right: Math.max(...boxes.map(box => box.right)) - root.clientWidth,
      bars: [...page.querySelectorAll("rect")].map(bar => bar.getBoundingClientRect().width),
      background: inside.getComputedStyle(page.body).backgroundColor,
      color: inside.getComputedStyle(page.body).color,
      owned: "owned" in inside,
      requests: inside.performance.getEntriesByType("resource").length,
      text: page.body.textContent,
    };
  });
  document.body.textContent = JSON.stringify(pages);
};
</script>
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages by name, in a folder of their own."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = folder / "hostile.jsonl"
    hostile.write_text(
        "".join(
            json.dumps(line) + "\n"
            for line in (
                {"spongewatch-trace": 1, "import_id": "x" * 64},
                {"t": 0, "took": 1, "status": 200, "body": json.dumps({"events": [hostile_row()]})},
                {"t": 2, "took": 1, "error": "timeout", "detail": HOSTILE},
                {"t": 9, "end": "rejected", "reason": "request", "detail": HOSTILE},
            )
        )
    )
    recordings = {
        "completes": ROOT / "docs/traces/completes.jsonl",
        "fails": ROOT / "docs/traces/fails.jsonl",
        "hostile": hostile,
    }
    for name, recording in recordings.items():
        done = run(recording, "--html", folder / f"{name}.html")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    source = (folder / "hostile.html").read_text()
    # Escaping must be enough without the policy, and the policy must be enough without escaping.
    (folder / "without-policy.html").write_text(re.sub(r"<meta http-equiv[^>]*>", "", source))
    injected = "<main><script>owned=1</script><style>body{background:red}</style>"
    (folder / "injected.html").write_text(source.replace("<main>", injected))
    return folder


def hostile_row():
    return {"event_type": "<script>owned=1</script>", "status": "&amp;\"'", "value": HOSTILE}


def measured(folder, *options):
    """Measurements of each page in the browser, at a phone's and a desktop's width."""
    if CHROMIUM is None:
        if "CI" in os.environ:
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    frames = "".join(
        f'<iframe name="{file.stem} {width}" src="{file.name}" width="{width}" height="900" style="border:0"></iframe>\n'
        for file in sorted(folder.glob("*.html"))
        if file.name != "all.html"
        for width in (360, 1280)
    )
    (folder / "all.html").write_text(HARNESS % frames)
    profile = folder / f"profile{len(list(folder.iterdir()))}"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += ["--disable-dev-shm-usage", "--allow-file-access-from-files", f"--user-data-dir={profile}", *options]
    command += ["--dump-dom", (folder / "all.html").as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    (found,) = re.findall(r"<body>(\[.*\])</body>", done.stdout, re.DOTALL)
    return {page["name"]: page for page in json.loads(unescaped(found))}


def unescaped(text):
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\xa0"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text


def test_the_page_fits_a_phone_and_a_desktop_and_runs_nothing(pages):
    measurements = measured(pages, "--blink-settings=preferredColorScheme=1")
    assert len(measurements) == 10
    for name, page in measurements.items():
        assert page["overflow"] == 0, name
        assert page["left"] >= 0, name
        assert page["right"] <= 0, name
        assert (page["owned"], page["requests"]) == (False, 0), name
        assert page["background"] == "rgb(246, 247, 249)", name
        assert page["color"] == "rgb(26, 32, 39)", name
    for name in ("hostile 360", "without-policy 1280"):
        assert measurements[name]["text"].count(SHOWN) == 4, name
        assert "unlisted-row: <script>owned=1</script> &amp;\"'" in measurements[name]["text"], name
    initializing, gathering = measurements["completes 1280"]["bars"]
    assert initializing + gathering == pytest.approx(918, abs=4)
    assert initializing / gathering == pytest.approx(7.007 / 4.513, rel=0.02)


def test_the_page_is_dark_in_dark_mode(pages):
    for name, page in measured(pages, "--blink-settings=preferredColorScheme=0").items():
        assert (page["background"], page["color"]) == ("rgb(16, 20, 24)", "rgb(230, 234, 238)"), name

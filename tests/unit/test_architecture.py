"""The layers: allowed imports, the public names, and a working example for each of them."""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import spongewatch
import spongewatch.adapters
import spongewatch.core
import spongewatch.transports
import spongewatch.transports.testing

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "core").glob("*.py"))
OUTSIDE_CORE = sorted(
    file for folder in ("transports", "adapters") for file in (ROOT / folder).rglob("*.py") if "entry" not in file.parts
)
MODULES = sorted(module.name for module in pkgutil.walk_packages(spongewatch.__path__, "spongewatch."))
PUBLIC = {
    "spongewatch": spongewatch,
    "spongewatch.core": spongewatch.core,
    "spongewatch.transports": spongewatch.transports,
    "spongewatch.transports.testing": spongewatch.transports.testing,
    "spongewatch.adapters": spongewatch.adapters,
}
PURE = {
    "collections.abc",
    "base64",
    "contextlib",
    "dataclasses",
    "defusedxml",
    "defusedxml.ElementTree",
    "enum",
    "functools",
    "html",
    "itertools",
    "json",
    "math",
    "re",
    "transitions",
    "types",
    "typing",
    "urllib.parse",
    "xml.etree.ElementTree",
    "zlib",
}


def imports(file: Path) -> list[tuple[int, str, list[str]]]:
    """The level, the module and the names of each import."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or "", [alias.name for alias in node.names]))
    return found


@pytest.mark.parametrize("file", CORE, ids=lambda file: file.name)
def test_the_core_imports_only_modules_without_io_and_time(file):
    outside = {module for level, module, _ in imports(file) if level == 0}
    assert outside <= PURE
    assert {level for level, _, _ in imports(file)} <= {0, 1}


@pytest.mark.parametrize("file", OUTSIDE_CORE, ids=lambda file: str(file.relative_to(ROOT)))
def test_folders_import_only_public_names_of_other_folders(file):
    """Or names of their `_shared` modules."""
    package = ["spongewatch", *file.relative_to(ROOT).parts[:-1]]
    for level, module, names in imports(file):
        assert level or module.split(".")[0] != "spongewatch", "imports inside the package are relative"
        target = [*package[: len(package) - level + 1], *module.split(".")] if level else []
        name = ".".join(part for part in target if part)
        if level and target[1:2] != package[1:2] and target[-1] != "_shared":
            assert name in PUBLIC, f"{name} is not public"
            assert {*names} - {"__version__"} <= {*PUBLIC[name].__all__}


def test_the_root_exports_the_names_of_the_core():
    assert spongewatch.__all__ == spongewatch.core.__all__
    assert [getattr(spongewatch, name) for name in spongewatch.__all__] == [
        getattr(spongewatch.core, name) for name in spongewatch.__all__
    ]


def test_the_public_names():
    assert spongewatch.__all__ == [
        "ERROR_CODES",
        "PUBLIC_SERVICE",
        "TRANSITIONS",
        "Abandoned",
        "Action",
        "Anomaly",
        "BegunImport",
        "Cancelled",
        "Completed",
        "Contact",
        "ContactLost",
        "Contacts",
        "ContactsPage",
        "Credentials",
        "Done",
        "Email",
        "Emitted",
        "Ended",
        "ErrorCategory",
        "ErrorCode",
        "EventsPage",
        "Failed",
        "ImportAbandoned",
        "ImportEvent",
        "ImportFailed",
        "ImportFailure",
        "ImportMachine",
        "ImportSession",
        "InvalidArgument",
        "InvalidType",
        "LocalProtocolError",
        "LostContact",
        "Outcome",
        "OutcomeError",
        "Phone",
        "PollFailed",
        "PollPolicy",
        "PostalAddress",
        "Rejected",
        "Remedy",
        "RemoteProtocolError",
        "Request",
        "Response",
        "Send",
        "ServiceError",
        "SpongewatchError",
        "State",
        "TimedOut",
        "Transition",
        "TransportError",
        "Wait",
        "WatchCancelled",
        "WatchRejected",
        "WatchTimedOut",
        "begin_request",
        "contacts_request",
        "decode",
        "explain",
        "is_import_id",
        "read_begun",
        "read_contacts",
    ]
    assert spongewatch.transports.__all__ == [
        "SCENARIOS",
        "AsyncClock",
        "AsyncTransport",
        "AsyncWatch",
        "AsyncioTransport",
        "Clock",
        "Observer",
        "ObserverErrors",
        "Recorder",
        "Recording",
        "RecordingError",
        "Replay",
        "ReplayTransport",
        "ResponseBody",
        "Scenario",
        "Simulator",
        "SystemClock",
        "ThreadedTransport",
        "TimedResponse",
        "TraceWriter",
        "Transport",
        "Urllib3Transport",
        "VirtualClock",
        "Watch",
        "as_transport_error",
        "open_recording",
        "poll",
        "replay",
        "wait",
        "wait_async",
        "watch",
        "watch_async",
    ]
    assert spongewatch.adapters.__all__ == [
        "AsyncClient",
        "Callbacks",
        "Client",
        "LoggingAdapter",
    ]


LOADED_WHEN_USED = ["AsyncClient", "Client", "wait", "watch"]


def run(code):
    """Run code in a new interpreter, in which only that code has imported modules, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return result.stdout.split()


def test_the_root_loads_the_core_alone_and_no_module_that_sends():
    loaded = run("import sys; before = {*sys.modules}; import spongewatch; print(*{*sys.modules} - before)")
    assert not {"asyncio", "urllib3", "http.client", "socket", "ssl"} & {*loaded}
    ours = {name for name in loaded if name.startswith("spongewatch")}
    assert {name.split(".")[1] for name in ours if "." in name} == {"core"}


def test_a_star_import_loads_the_core_alone_too():
    loaded = run("import sys; before = {*sys.modules}; from spongewatch import *; print(*{*sys.modules} - before)")
    assert not {"asyncio", "urllib3", "spongewatch.transports", "spongewatch.adapters"} & {*loaded}
    assert not {*LOADED_WHEN_USED} & {*spongewatch.__all__}


@pytest.mark.parametrize("name", LOADED_WHEN_USED)
def test_clients_and_loops_come_from_the_root_when_they_are_used(name):
    package = spongewatch.adapters if name.endswith("Client") else spongewatch.transports
    assert getattr(spongewatch, name) is getattr(package, name)
    assert package.__name__ in run(f"from spongewatch import {name}; import sys; print(*sys.modules)")


def test_the_names_that_the_root_loads_when_they_are_used():
    assert sorted(spongewatch._LOADED_WHEN_USED) == LOADED_WHEN_USED


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Telepathy'"):
        _ = spongewatch.Telepathy
    with pytest.raises(AttributeError, match="has no attribute 'Telepathy'"):
        _ = spongewatch.transports.Telepathy


@pytest.fixture
def in_the_checkout(monkeypatch):
    """Examples open files of the checkout, and send requests without a proxy."""
    monkeypatch.chdir(ROOT)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("in_the_checkout")
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0


def public_objects() -> list[object]:
    objects = [
        getattr(PUBLIC[package], name)
        for package in sorted({*PUBLIC} - {"spongewatch.core"})
        for name in PUBLIC[package].__all__
    ]
    return [item for item in objects if inspect.isclass(item) or inspect.isfunction(item)]


@pytest.mark.parametrize("item", public_objects(), ids=lambda item: item.__name__)
def test_each_public_class_and_function_has_an_example(item):
    assert ">>>" in (inspect.getdoc(item) or "")


@pytest.mark.usefixtures("in_the_checkout")
@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")], ids=lambda page: page.name)
def test_examples_in_pages_run(page):
    text = page.read_text().replace("```", "\n")  # or a closing fence would count as expected output
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(test).failed == 0

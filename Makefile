# Everything is installed into .venv; nothing outside the checkout is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SOURCES := $(sort __init__.py $(shell find core transports adapters -name '*.py'))

.PHONY: demo test check site docs versions audit bench proof fuzz mutants lock clean FORCE

demo: .venv/installed
	@sh docs/demo.sh $(BIN)/spongewatch

test: .venv/developing
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 2 tests/unit
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/pytest --numprocesses 4 --dist worksteal tests/properties tests/integration

check: .venv/developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	MYPYPATH=docs/recipes:docs/tutorial $(BIN)/mypy --explicit-package-bases docs/recipes docs/tutorial
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright # or it asks which version is the newest
	$(BIN)/lint-imports

# The site, in build/site.
site: .venv/documenting
	$(BIN)/python docs/site/draw.py
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -c docs/site docs build/site

# The same, looked at in a browser.
docs: site
	$(BIN)/pytest --numprocesses 2 --dist loadgroup tests/site

# With the lowest versions of what is depended on, and the newest, on each Python that is here.
versions: .venv/developing
	$(BIN)/python tests/versions.py $(PYTHONS)

# Needs an advisory service.
audit: .venv/developing
	$(BIN)/uv tool run pip-audit --strict --requirement requirements-dev.txt --no-deps --disable-pip

fuzz: .venv/proving
	cd tests && ../$(BIN)/python -m fuzz

# MODULE=machine tries the mutants of that module alone.
mutants: .venv/proving
	nice $(BIN)/python tests/mutants/run.py

# INTO=docs writes the tables and the picture of docs/explanations/speed.md anew.
bench: .venv/proving
	$(BIN)/python tests/benchmarks $(INTO)

# The tests at their full size, an hour and more; fuzz and mutants may be made alone.
proof: .venv/developing fuzz mutants
	HYPOTHESIS_PROFILE=proof $(BIN)/pytest --timeout 0 tests/properties tests/integration/test_contract.py \
		tests/integration/test_drawn_service.py tests/integration/test_crashes.py

# The pins of requirements-*.txt, from pyproject.toml.
LOCK := $(BIN)/uv pip compile --quiet --universal --no-header --no-emit-index-url --no-emit-find-links
lock: .venv/developing
	$(LOCK) --upgrade --group dev --output-file requirements-dev.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --group docs --output-file requirements-docs.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --group proof --output-file requirements-proof.txt pyproject.toml

clean:
	rm -rf .venv build dist *.egg-info .coverage .hypothesis .*_cache

# A strict editable install is a tree of links, made when it runs: a new file is not in it, and a deleted
# one breaks it. So it runs again whenever the list of source files is another.
.venv/sources: FORCE
	@mkdir -p .venv
	@echo "$(SOURCES)" | cmp -s - $@ || echo "$(SOURCES)" > $@

.venv/installed: .venv/sources pyproject.toml requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	rm -rf build
	$(PIP) install --constraint requirements-dev.txt --editable . --config-settings editable_mode=strict
	@touch $@

.venv/developing: .venv/installed
	$(PIP) install --requirement requirements-dev.txt
	@touch $@

.venv/documenting: .venv/developing requirements-docs.txt
	$(PIP) install --requirement requirements-docs.txt
	@touch $@

.venv/proving: .venv/developing requirements-proof.txt
	$(PIP) install --requirement requirements-proof.txt
	@touch $@

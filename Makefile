# Everything is installed into .venv; nothing outside the checkout is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SOURCES := $(sort $(wildcard core/*.py transports/*.py transports/*/*.py adapters/*.py))

.PHONY: demo test check bench proof lock clean FORCE

demo: .venv/installed
	@sh docs/demo.sh $(BIN)/spongewatch

test: .venv/developing
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest tests/unit
	$(BIN)/coverage report
	$(BIN)/python tests/coverage_by_module.py
	$(BIN)/pytest --numprocesses 3 --dist worksteal tests/properties tests/integration

check: .venv/developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy docs/recipes
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/developing
	$(BIN)/python tests/benchmarks/speed.py

proof: .venv/developing
	HYPOTHESIS_PROFILE=proof $(BIN)/pytest tests/properties tests/integration/test_contract.py

# The pins of requirements-dev.txt, from pyproject.toml.
lock: .venv/developing
	$(BIN)/uv pip compile --quiet --universal --no-header --no-emit-index-url --no-emit-find-links \
		--upgrade --group dev --output-file requirements-dev.txt pyproject.toml

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

# Everything is installed into .venv; nothing outside the checkout is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SOURCES := $(sort __init__.py $(shell find core transports adapters -name '*.py'))

.PHONY: demo quick test check site docs versions audit bench proof fuzz mutants lock clean FORCE

demo: .venv/installed
	@sh docs/demo.sh $(BIN)/spongewatch

# The inner loop: under half a minute. Leaves out examples in docstrings and pages, the command line, and tests of real
# servers and event loops.
quick: .venv/developing
	$(BIN)/ruff check
	$(BIN)/pytest --quiet --numprocesses 2 tests/unit --ignore tests/unit/test_architecture.py \
		--ignore tests/unit/adapters/cli --ignore tests/unit/transports/testing --ignore tests/unit/transports/http

test: .venv/developing
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --quiet --numprocesses 2 tests/unit
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/pytest --quiet --numprocesses 4 --dist worksteal tests/properties tests/integration

check: .venv/developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	MYPYPATH=docs/recipes:docs/tutorial $(BIN)/mypy --explicit-package-bases docs/recipes docs/tutorial
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright # or it warns that a newer version exists
	$(BIN)/lint-imports

# The documentation, in build/site.
site: .venv/documenting
	$(BIN)/python docs/site/draw.py
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -c docs/site docs build/site

# Checks the site in a browser.
docs: site
	$(BIN)/pytest --quiet --numprocesses 2 --dist loadgroup tests/site

# OPTIONS='-p 3.12 -k lowest' runs one combination.
versions: .venv/developing
	$(BIN)/nox --noxfile tests/noxfile.py $(OPTIONS)

# Needs an advisory service.
audit: .venv/developing
	$(BIN)/uv tool run pip-audit --strict --requirement requirements-dev.txt --no-deps --disable-pip

# TARGETS=sessions fuzzes that target alone; SECONDS_EACH=600 sets its time.
TARGETS = $(basename $(notdir $(wildcard tests/fuzz/corpus/*.jsonl)))
SECONDS_EACH = 60
fuzz: .venv/proving
	failed=0; for target in $(TARGETS); do \
		PYTHONPATH=tests:tests/support $(BIN)/python -m fuzz $$target -max_total_time=$(SECONDS_EACH) || failed=1; \
	done; exit $$failed

# MODULE=retry mutates core/retry.py alone. The package is laid out as it is imported, and mutmut works on that copy.
MUTATED = build/mutation
mutants: .venv/proving
	rm -rf $(MUTATED)/spongewatch $(MUTATED)/tests
	mkdir -p $(MUTATED)/spongewatch
	cp -R __init__.py core transports adapters $(MUTATED)/spongewatch
	cp -R pyproject.toml tests $(MUTATED)
	cd $(MUTATED) && nice $(CURDIR)/$(BIN)/mutmut run --max-children 2 $(if $(MODULE),'spongewatch.core.$(MODULE).*')
	cd $(MUTATED) && $(CURDIR)/$(BIN)/mutmut results | sed '/not checked/d'

# INTO=docs updates the tables and the diagram of docs/explanations/speed.md.
bench: .venv/proving
	$(BIN)/python tests/benchmarks $(INTO)

# The largest test sizes; takes more than an hour.
proof: .venv/developing fuzz mutants
	HYPOTHESIS_PROFILE=proof $(BIN)/pytest --timeout 0 tests/properties tests/integration/test_contract.py \
		tests/integration/test_drawn_service.py tests/integration/test_crashes.py

# Updates requirements-*.txt from pyproject.toml.
LOCK := $(BIN)/uv pip compile --quiet --universal --no-header --no-emit-index-url --no-emit-find-links
lock: .venv/developing
	$(LOCK) --upgrade --group dev --output-file requirements-dev.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --group docs --output-file requirements-docs.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --group proof --output-file requirements-proof.txt pyproject.toml

clean:
	rm -rf .venv build dist *.egg-info .coverage .hypothesis .*_cache

# A strict editable install links each file that exists when it runs. It runs again when files are added or deleted.
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

# Every command of this project; `make` alone lists them.
# The first one makes .venv and installs what it needs there; later ones start at once.

VENV ?= .venv
# Twice as many as there are processors: those that talk to other programs wait most of their time.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 2)
PYTEST_FLAGS ?=
PYTHON ?=

BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# The tests of a file share what they set up; files that take long come first, in their order.
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)

.DEFAULT_GOAL := help
.PHONY: help install demo test fast unit deep check lint types imports format docs pictures screens bench storm fleet tools clean

help:  ## List the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## +/|/' \
		| while IFS='|' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

# As uv and pipx leave it: each start of a command pays for setuptools where that is, and for the
# launchers of old pips.  Groups of development packages need pip 25.1, too.
$(RUNTIME): pyproject.toml tools/make-venv
	PYTHON="$(PYTHON)" tools/make-venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) uninstall --quiet --yes setuptools
	$(PIP) install --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(PIP) install --group dev
	@touch $@

install: $(DEVELOPMENT)  ## Make .venv with oxtail and everything its developers use

demo: $(RUNTIME)  ## Watch sessions find each other, message, ask, and outlive a killed peer
	$(BIN)/python -m oxtail demo

test: $(DEVELOPMENT)  ## Run all tests that this machine can run
	$(PYTEST)

fast: $(DEVELOPMENT)  ## Run the fast part of the tests: rules, use cases, contracts, races
	$(PYTEST) -m 'not slow and not clients' --ignore=tests/e2e --ignore=tests/crash --ignore=tests/property --ignore=tests/stateful --ignore=tests/cockpit

unit: $(DEVELOPMENT)  ## Run the unit and property tests
	$(PYTEST) tests/unit tests/property

deep: $(DEVELOPMENT)  ## Search inputs and histories DEPTH times as far (20), half an hour or so
	TEST_DEPTH=$(or $(DEPTH),20) $(PYTEST) -o timeout=7200 tests/property tests/stateful

check: lint types imports  ## Format, lint, types, import contracts, generated docs
	$(BIN)/python tools/generate-docs --check

lint: $(DEVELOPMENT)  ## Format and lint only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEVELOPMENT)  ## Types only
	$(BIN)/mypy

imports: $(DEVELOPMENT)  ## Import contracts only
	$(BIN)/lint-imports --no-logo

format: $(DEVELOPMENT)  ## Format the sources
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(DEVELOPMENT)  ## Write docs/reference anew from the code
	$(BIN)/python tools/generate-docs

pictures: $(DEVELOPMENT)  ## Draw docs/pictures anew from the example fleets
	$(BIN)/python tools/make-pictures

screens: $(DEVELOPMENT)  ## Write the screens of the cockpit anew; read the difference
	OXTAIL_REWRITE_SCREENS=1 $(PYTEST) tests/cockpit/test_screens.py tests/cockpit/test_page.py

bench: $(RUNTIME)  ## Measure; see bench/README.md
	$(BIN)/python bench/run.py $(BENCH_FLAGS)

storm: $(DEVELOPMENT)  ## Send 10,000 messages while servers are killed and links cut, some minutes
	STORM_MESSAGES=10000 $(BIN)/python -m pytest -n 0 tests/e2e/test_carrier_storm.py tests/e2e/test_carrier_cluster.py tests/e2e/test_carrier_namespaces.py --durations=5

fleet: $(DEVELOPMENT)  ## Measure many hosts around one server, some minutes; see docs/scale.md
	$(BIN)/python bench/fleet.py $(FLEET_FLAGS)

tools: $(RUNTIME)  ## Install SDKs, inspector and real clients for the tests that need them
	PYTHON=$(BIN)/python tools/install-test-tools $(or $(TOOLS),.cache/tools)

clean:  ## Remove .venv and all that was generated outside the sources
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		build dist bench/out

# The project's commands. `make` or `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)

VENV := .venv
BIN  := $(VENV)/bin
# A stamp is named for what it installed, so a changed pin installs again and nothing else does.
RUN_STAMP  := $(VENV)/run-$(shell cat requirements.lock | cksum | cut -d' ' -f1)
TEST_STAMP := $(VENV)/test-$(shell cat requirements.lock tests/requirements.lock | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# One pytest process a core and one more, each with engines of its own; a process that is done takes over what another has left.
# The seed of hashes is fixed, as hypothesis' examples are in tests/environment.py.
TESTS := env PYTHONHASHSEED=0 IMGAPIS_TEST_CLOCK="$(CLOCK)" $(BIN)/python -m pytest -n auto --dist worksteal
MOTO := $(VENV)/moto-$(shell cat tests/requirements-moto.lock | cksum | cut -d' ' -f1)
HEIC := $(VENV)/heic-$(shell cat requirements-heic.lock | cksum | cut -d' ' -f1)

# What reads the settings and starts nothing needs no engine at these addresses.
SETTINGS := env EMBEDDED=1 DYNAMODB_ENDPOINT=http://127.0.0.1:1 CACHE_ENDPOINT=http://127.0.0.1:1
# Formats the tags of Django in templates; the mails of templates/emails are text, where each space is one.
DJADE := $(BIN)/djade --target-version 5.2

TOOLS := $(VENV)/tools-$(shell cat requirements-tools.lock | cksum | cut -d' ' -f1)
LOCK := $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

export VAR_DIR PORT
# Some machines tell Python to keep no compiled modules: each of the many processes would compile all of them anew.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.PHONY: help run test prove coverage check fmt bench soak verify lock audit
.DEFAULT_GOAL := help

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: $(RUN_STAMP) ## Start everything on this machine (PORT=8000); Ctrl-C stops it
	@EMBEDDED=1 DYNAMODB_ENDPOINT=embedded exec $(BIN)/python manage.py dev

test: $(TEST_STAMP) ## Run the tests (PYTEST="-k name" narrows, CLOCK="2028-02-29 12:00" sets the application's clock)
	@$(BIN)/python -m tests.downloads
	@$(TESTS) -m "not prove" $(PYTEST)

prove: $(TEST_STAMP) $(HEIC) $(MOTO) ## Run the expensive proofs: kills, storms, outages, browsers, corpora, memory, HEIC
	@$(BIN)/python -m tests.downloads corpora
	@$(if $(PYTEST),,IMGAPIS_TEST_STAGE=prove $(TESTS) -n 0 -m alone)
	@IMGAPIS_TEST_STAGE=prove IMGAPIS_TEST_HEIC=$(HEIC) IMGAPIS_TEST_MOTO=$(abspath $(MOTO)) $(TESTS) -m "(prove or counted) and not alone" $(PYTEST)

coverage: $(TEST_STAMP) ## Measure what the tests and the servers they start run of the program
	@$(BIN)/python -m tests.downloads
	@rm -rf var/coverage && mkdir -p var/coverage
	@$(TESTS) -m "not prove" --cov --cov-report=term-missing:skip-covered $(PYTEST)

check: $(TEST_STAMP) ## Lint, and check the formatting and the types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@find templates -name '*.html' -exec $(DJADE) --check {} +
	@$(SETTINGS) $(BIN)/mypy

fmt: $(TEST_STAMP) ## Repair what lint and formatting can repair
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@find templates -name '*.html' -exec $(DJADE) {} + || true

bench: $(TEST_STAMP) ## Measure hit, miss and render
	@$(BIN)/python -m tests.downloads
	@$(BIN)/python -m tests.bench

soak: $(TEST_STAMP) ## Run the tests with long counts in full
	@$(BIN)/python -m tests.downloads corpora
	@$(BIN)/python -m tests.soak

verify: $(TEST_STAMP) ## Prove the privacy policy on what `make run` has started
	@test -f $(or $(VAR_DIR),var)/run/stack.env || { echo "Nothing runs here: start it with make run first."; exit 1; }
	@env $$(cat $(or $(VAR_DIR),var)/run/stack.env) $(BIN)/python manage.py verify_privacy

lock: | $(TOOLS) ## Write the lock files anew from requirements*.txt (after a changed pin)
	@$(LOCK) requirements.txt -o requirements.lock
	@$(LOCK) --no-deps requirements-heic.txt -o requirements-heic.lock
	@$(LOCK) --no-deps requirements-engines.txt -o requirements-engines.lock
	@$(LOCK) requirements-tools.txt -o requirements-tools.lock
	@$(LOCK) -c requirements.lock requirements.txt tests/requirements.txt -o tests/requirements.lock
	@$(LOCK) tests/requirements-moto.txt -o tests/requirements-moto.lock

audit: | $(TOOLS) ## Known weaknesses of what is pinned; says so where the list cannot be reached
	@$(BIN)/python tests/audit.py $(TOOLS)/bin/pip-audit

# An optional extra of the product, kept apart so that everything else is tested without it.
$(HEIC): | $(VENV)/bin/python
	@echo "Installing what reads HEIC, for its tests alone ..."
	@$(PIP) --no-deps --target $@ --require-hashes -r requirements-heic.lock || { rm -rf $@; exit 1; }

# Tools that are no part of the program live in environments of their own.
$(TOOLS): | $(VENV)/bin/python
	@$(BIN)/python -m venv $@ && $@/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-tools.lock || { rm -rf $@; exit 1; }

$(MOTO): | $(VENV)/bin/python
	@echo "Installing a second engine of tables, for the proofs alone ..."
	@$(BIN)/python -m venv $@ && $@/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r tests/requirements-moto.lock || { rm -rf $@; exit 1; }

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python is missing: install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python cannot make a virtual environment: install its venv module (Debian: python3-venv)."; exit 1; }

$(RUN_STAMP): | $(VENV)/bin/python
	@echo "Installing the pinned requirements (about half a minute) ..."
	@$(PIP) --require-hashes -r requirements.lock || { echo "The requirements did not install: check the network and the disk."; exit 1; }
	@touch $@

$(TEST_STAMP): | $(RUN_STAMP)
	@echo "Installing what the tests need ..."
	@$(PIP) --require-hashes -r tests/requirements.lock || \
		{ echo "The test requirements did not install: check the network and the disk."; exit 1; }
	@touch $@

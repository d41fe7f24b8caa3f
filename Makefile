# `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
# All files but the ignored, the generated and those full of hashes; unlike `git ls-files` it sees
# new ones too.
FILES = git grep --no-index --exclude-standard --files-with-matches --null '' -- ':!*.lock' ':!example' ':!releases.toml'

# Certificates as the system has them, for a proxy or mirror of your own; Python is not downloaded.
export UV_SYSTEM_CERTS ?= 1
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## *' '/^[a-z-]+:.*## / { printf "  %-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install:  ## Install what poetry.lock says, hashes verified, into .venv
	@$(INSTALL) .venv

.PHONY: demo
demo: install  ## Make a service with the default answers, start it and show it, until Ctrl-C
	@$(BIN)/python -m scripts.demo

.PHONY: test
test: .tools/poetry/.installed  ## Run the tests: copies of every kind, the main kinds of services, updates
	@$(PYTEST) -m 'not long'
	@echo 'Left to `make test-long`: $(LONG)'

.PHONY: test-long
test-long: .tools/poetry/.installed  ## Run the rest of the tests: images, updates from every release, repetitions
	@$(PYTEST) -m long --ignore tests/tool
	@$(PYTEST) tests/tool --cov
	@echo 'Left to `make test`: all others'

.PHONY: test-fast
test-fast: .tools/poetry/.installed  ## Run the tests that need no installed service
	@$(PYTEST) -m 'not slow and not long'

.PHONY: lint
lint: install  ## Check style, workflows and secrets
	@$(BIN)/black --check --quiet . || { $(BIN)/black --check . ; exit 1; }
	@$(BIN)/isort --check-only --quiet .
	@$(BIN)/flake8
	@$(BIN)/zizmor --quiet --offline --pedantic .github
	@$(FILES) | xargs -0 $(BIN)/detect-secrets-hook

.PHONY: format
format: install  ## Format the code
	@$(BIN)/isort --quiet .
	@$(BIN)/black --quiet .

.PHONY: types
types: install  ## Check the types
	@$(BIN)/mypy

.PHONY: check
check: lint types test test-long  ## All that CI runs

# A .venv of the lock before will do: `make install` refuses a lock that no longer fits.
.PHONY: lock
lock: $(if $(wildcard .venv/bin/python),,install)  ## Resolve all dependencies, with UPGRADE=1 to their newest versions
	@$(INSTALL) .tools/poetry
	@$(BIN)/python -m scripts.lock $(if $(UPGRADE),--upgrade)

.PHONY: generate
generate: install  ## Make anew what services generate from their sources
	@$(BIN)/python -m scripts.generate

.PHONY: example
example: install  ## Render example/ anew
	@$(BIN)/python -m scripts.example

.PHONY: bench
bench: .tools/poetry/.installed  ## Measure copying, installing, starting and serving against their anchors
	@$(BIN)/python -m bench.run

.PHONY: docs
docs: install  ## Make docs/reference anew
	@$(BIN)/python -m scripts.reference

.PHONY: tags
tags: install  ## Make the tags of git that releases.toml says
	@$(BIN)/python -m scripts.releases tags

.PHONY: release
release: install  ## Turn what is unreleased into a release, with VERSION=1.2.0 or by its commits
	@$(BIN)/python -m scripts.releases release $(VERSION)

.PHONY: hooks
hooks: install  ## Have git run the checks at each commit
	@$(BIN)/pre-commit install --install-hooks

.PHONY: clean
clean:  ## Delete all that was made here
	rm -rf .venv .tools .coverage .coverage.* .mypy_cache .pytest_cache build dist
	find bench scripts template/.shipshape tests updating -name __pycache__ -prune -exec rm -rf {} +

PYTEST = $(BIN)/pytest --numprocesses auto --dist loadgroup
LONG = coverage, images, drills, databases that fail, the tutorial and how-to guides, proposals, odd answers, folders and machines, updates from the releases between, repetitions

# What fits is left alone. A PYTHON that is given replaces the one of the last installation.
INSTALL = $(PYTHON) template/.shipshape/shipshape/install.py $(if $(filter file:python3,$(origin PYTHON):$(PYTHON)),,--chosen)

# Tests and measurements compare with Poetry. Both would make .tools, so one waits for the other.
.PHONY: .tools/poetry/.installed
.tools/poetry/.installed: install
	@$(INSTALL) .tools/poetry

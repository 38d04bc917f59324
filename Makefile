# `make run` is all that it takes; `make` alone tells the rest. Works with GNU make 3.81, as on macOS.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check audit sbom bench bench-live seed chaos lock clean

help: ## Tell what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.runtime ## Start Tilldone on http://127.0.0.1:8000 (PORT=… for another port)
	@$(BIN)/tilldone up

test: $(VENV)/.dev ## Run the tests (ARGS=… for pytest)
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev audit ## Format, lint, types, imports, security
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive webapp tasks chaos wsgi.py

audit: $(VENV)/.dev ## Look up the pinned packages in the advisory database, where it can be reached
	@found=$$($(BIN)/pip-audit --requirement requirements.txt --disable-pip --require-hashes \
		--vulnerability-service osv --progress-spinner off 2>&1); status=$$?; \
	case "$$found" in \
		*ConnectionError*|*ConnectTimeout*) echo "NOT AUDITED: the advisory database cannot be reached from here." ;; \
		*) echo "$$found"; exit $$status ;; \
	esac

sbom: $(VENV)/.dev ## Write sbom.json: all that a running Tilldone is made of, in CycloneDX
	@$(BIN)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-file sbom.json

mutants: $(VENV)/.dev ## Break each layer of the guard in turn and see a test fail (ARGS=… for words of their names)
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(VENV)/.dev ## Measure (ARGS=… for the benchmarks)
	@$(BIN)/python -m bench $(ARGS)

seed: $(VENV)/.runtime ## Fill the database with N made-up scans (N=100000), to try Tilldone at size
	@$(BIN)/tilldone seed $(or $(N),100000) $(ARGS)

bench-live: $(VENV)/.dev ## Measure the live stream beside its peers
	@$(BIN)/python -m bench live

chaos: $(VENV)/.runtime ## Kill everything at random and see that no scan is lost (ARGS=… for the drill)
	@$(BIN)/python -m chaos $(ARGS)

lock: ## Compile pyproject.toml into the requirement files again (needs uv; ARGS=--upgrade)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@$(COMPILE) $(ARGS) --output-file requirements.txt
	@$(COMPILE) --extra dev --constraint requirements.txt $(ARGS) --output-file requirements-dev.txt

clean: ## Remove what was installed and cached; your scans in instance/ stay
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: $(VENV)/.made requirements.txt pyproject.toml
	@echo "Installing into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.txt
	@# The command itself; built with what was just installed, so that nothing is fetched without a hash.
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@echo "Installing the tools for development into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.made:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "Python's venv is missing; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }; \
		"$$python" -m venv --clear $(VENV) && touch $@; exit; \
	done; \
	echo "Tilldone needs Python 3.11 or later, and found none; install it, or name one: make run PYTHON=/path/to/python3" >&2; exit 1

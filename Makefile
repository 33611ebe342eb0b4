# `make` lists what there is. Nothing here needs root, a server, Node or Docker.
PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.13.9
# HOME may be read-only, or missing.
export UV_CACHE_DIR := $(CURDIR)/.venv/uv-cache

.PHONY: help run test check quick fmt bench faults services evidence mutants scan sbom lock build-list

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: .venv/.run ## install what is missing and start the product
	@exec $(BIN)/python manage.py serve

test: .venv/.dev ## the whole suite: SQLite + Valkey, then PostgreSQL + Redis
	@exec $(BIN)/python tests/run.py

check: .venv/.dev ## lint, types, import contract, migrations, deployment check
	@exec sh -e tests/check.sh

quick: .venv/.dev ## lint, types, and the tests of the apps that changed, on SQLite
	@exec sh -e tests/check.sh quick
	@exec $(BIN)/python tests/quick.py

fmt: .venv/.dev ## format the code and mend what lint can mend
	@$(BIN)/ruff check -q --fix . ; exec $(BIN)/ruff format .

bench: .venv/.dev ## what a request costs, in CPU time, beside its peers
	@for each in run growth rematching importing reading; do $(BIN)/python -m benchmarks.$$each 2>/dev/null && echo || exit 1; done

faults: .venv/.dev ## what is promised under faults, and what was seen: one table a stack
	@FAULT_ROUNDS=10 exec $(BIN)/python tests/run.py tests/faults

services: .venv/.dev ## docker-compose.yml as plain processes: two web instances behind nginx
	@exec $(BIN)/python -m pytest tests/services

evidence: .venv/.dev ## suites, tools and the quick benchmark as evidence of this commit
	@exec $(BIN)/python manage.py evidence

mutants: .venv/.dev ## which breakages of a domain file no test sees: FILE=path
	@exec $(BIN)/python tests/mutants.py $(FILE)

scan: .venv/.dev ## known weaknesses in the code and in the pinned packages: var/reports/
	@exec $(BIN)/python manage.py scan

sbom: .venv/.dev ## what the product is made of, as CycloneDX: var/reports/
	@exec $(BIN)/python manage.py sbom

lock: .venv/.dev ## compile requirements with hashes
	$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --universal --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --universal --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt

build-list: .venv/.run ## list the files of the last commit, for an image: build.json
	@exec $(BIN)/python -m kernel.build_list

.venv/.made:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer, or run make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed; run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module: install it (Debian: apt install python3-venv) and run make again"; exit 1; }
	@touch Makefile.probe 2>/dev/null && rm -f Makefile.probe || { echo "this folder cannot be written: clone into a folder of your own"; exit 1; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv || { echo "the virtual environment could not be made; see above"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check $(UV) || echo "uv is not to be had; pip will do, only slower"
	@touch $@

.venv/.run: .venv/.made requirements.txt
	@echo "installing requirements.txt"
	@if [ -x $(BIN)/uv ]; then VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements.txt; else $(BIN)/python -m pip install -q --require-hashes -r requirements.txt; fi || { echo "installing failed; the lines above say which package"; exit 1; }
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	@echo "installing requirements-dev.txt"
	@if [ -x $(BIN)/uv ]; then VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --require-hashes -r requirements-dev.txt; else $(BIN)/python -m pip install -q --require-hashes -r requirements-dev.txt; fi || { echo "installing failed; the lines above say which package"; exit 1; }
	@touch $@

# `make` lists what there is.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help lock
help:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

lock: ## compile requirements with hashes
	$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --universal --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --universal --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt

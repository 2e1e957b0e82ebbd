# Everything from nothing: Debian with python3 (3.11 to 3.13), pip and make is enough.
#   make demo    set up, then answer questions about the images in examples/
#   make test    set up, then every gate: format, lint, types, imports, tests
PYTHON ?= python3
UV := .tools/bin/uv
RUN := .venv/bin
STAMP := .venv/.synced

# Ours is a plain interpreter that is already here: uv downloads none.
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help setup weights demo test check format lint types imports tests clean

help:  ## say what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# `--target` needs neither a virtual environment nor leave to write into Debian's own Python.
$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools 'uv>=0.13,<0.14'

$(STAMP): pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen
	@touch $@

setup: weights  ## uv into .tools, the locked environment into .venv, then the weights that the tools need

# They lie in the user's cache folder, which outlives .venv: looking there takes a second, a stamp here would not know.
weights: $(STAMP)
	@$(RUN)/sightline weights fetch

demo: setup  ## answer questions about the images in examples/; 0 where all are right
	$(RUN)/python examples/demo.py

test: check  ## the same as check

check: format lint types imports tests  ## every gate, the fast ones first

format: setup  ## the formatting is ruff's
	$(RUN)/ruff format --check .

lint: setup  ## the rules of ruff
	$(RUN)/ruff check .

types: setup  ## mypy, strict
	$(RUN)/mypy

imports: setup  ## imports point one way
	$(RUN)/lint-imports --no-logo

tests: setup  ## pytest, warnings as errors
	$(RUN)/pytest

clean:  ## remove the environment, the caches and what was built
	rm -rf .venv .tools dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

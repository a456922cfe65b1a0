# `make demo` and `make test` set up all they need: a virtual environment in .venv, pinned by constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint bench clean

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("babelreel needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	@echo "Installing babelreel into .venv (a few minutes the first time)"
	$(INSTALL) torch
	$(INSTALL) -e '.[report,train]'
	@touch $@

.venv/dev: .venv/core
	$(INSTALL) -e '.[dev]'
	@touch $@

demo: .venv/core
	$(BIN)/babelreel demo

# A real Milvus server for the tests, in an environment of its own; without it they are skipped.
.venv-milvus/ready:
	$(PYTHON) -m venv .venv-milvus
	.venv-milvus/bin/pip install --quiet --disable-pip-version-check milvus==2.3.5
	@touch $@

test: .venv/dev .venv-milvus/ready lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

bench: .venv/dev
	for script in benchmarks/*.py; do $(BIN)/python $$script --quick || exit 1; done

clean:
	rm -rf .venv .venv-milvus build *.egg-info

# `make demo` and `make test` set up all they need: a virtual environment in .venv, pinned by constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test browser lint bench clean

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("babelreel needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	@echo "Installing babelreel into .venv (a few minutes the first time)"
	$(INSTALL) torch
	$(INSTALL) -e '.[index,report,serve,train]'
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

# Debian's Chromium for the tests of the page, where it is missing and may be installed; without it they are skipped.
browser:
	@command -v chromium >/dev/null || ! command -v apt-get >/dev/null || { \
	  root=; [ "$$(id -u)" = 0 ] || root='sudo -n'; export DEBIAN_FRONTEND=noninteractive; \
	  echo "Installing chromium for the tests of the page"; \
	  { $$root apt-get update -qq && $$root apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || echo "chromium could not be installed, so the tests of the page are skipped"; }

# The tests of the page run by themselves: a browser that hangs would starve the others.
test: .venv/dev .venv-milvus/ready browser lint
	tests/patiently 1500 $(BIN)/python -m pytest -n 2 --ignore-glob='*/test_page*.py'
	tests/patiently 400 $(BIN)/python -m pytest tests/serve/test_page*.py

lint: .venv/dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

bench: .venv/dev
	for script in benchmarks/*.py; do $(BIN)/python $$script --quick || exit 1; done

clean:
	rm -rf .venv .venv-milvus build *.egg-info

# The two commands of a fresh machine: make demo, make test. Everything lives in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

# More options for pytest: make test PYTEST="-x -k ingest"
PYTEST ?=

.PHONY: demo test test-wheel check setup lock clean help

help:
	@echo "make demo    one day of sample papers, from ingest to an inbox, in ./demo/"
	@echo "make test    the whole test suite, in the checkout and on the built wheel"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make lock    pin and hash the dependencies again (needs uv)"

setup: $(INSTALLED)

$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(BIN)/python -m digest.demo

# Long fault and load runs are left to CI, which says MARKS= to have all.
MARKS := not slow
test: setup
	$(BIN)/python -m pytest -n auto -m "$(MARKS)" $(PYTEST)
	$(MAKE) --no-print-directory test-wheel

# What users install: the suite once more, with the package taken from the built wheel.
WHEEL := $(CURDIR)/build/wheel
test-wheel: setup
	rm -rf $(WHEEL)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(WHEEL) . > /dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(WHEEL)/site $(WHEEL)/*.whl
	cp -r tests docs deploy pyproject.toml README.md config.example.toml $(WHEEL)
	cd $(WHEEL) && PYTHONPATH=$(WHEEL)/site TESTED_PACKAGE=$(WHEEL)/site \
	  DIGEST_SHARED_DATA=$${DIGEST_SHARED_DATA:-$(CURDIR)/../shared/data} \
	  $(CURDIR)/$(BIN)/python -m pytest -n auto -m "not slow" $(PYTEST)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	  --extra demo --extra dkim --extra postgres --extra semantic pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	  --extra demo --extra dkim --extra postgres --extra semantic --group dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

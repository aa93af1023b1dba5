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
	@echo "make test    the whole test suite, and on the built wheel what starts and reads files"
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

# Stolen, not dealt: a module's browser, demo or site is then started in one process and not in both.
# Long fault, load and benchmark runs are left to CI, which says MARKS= to have all.
MARKS := not slow
test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal -m "$(MARKS)" $(PYTEST)
	$(MAKE) --no-print-directory test-wheel

# What users install. Its files are those of the checkout, byte for byte (tests/guards/test_wheel.py):
# what could differ is how they are found, so the wheel is asked what starts and what reads files.
WHEEL := $(CURDIR)/build/wheel
ON_WHEEL := $(addprefix tests/,e2e/test_demo.py unit/test_mail.py $(addprefix integration/, \
  test_cli_process.py test_cli_serve.py test_progress.py test_schema.py test_serve.py web/test_journey.py))
test-wheel: setup
	rm -rf $(WHEEL)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(WHEEL) . > /dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(WHEEL)/site $(WHEEL)/*.whl
	cp -r tests pyproject.toml $(WHEEL)
	cd $(WHEEL) && PYTHONPATH=$(WHEEL)/site TESTED_PACKAGE=$(WHEEL)/site \
	  $(CURDIR)/$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST) $(ON_WHEEL) || \
	  [ $$? -eq 5 ]  # with a -k in PYTEST there may be none

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

# Everything a person does with a checkout. Each target sets up .venv by itself and is quick the second time.
# Needs Python 3.11 or newer, git and make. Another Python: make demo PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
LAB_ARGS ?=
UI_ARGS ?=
CHECKED := nbasset tests docs $(wildcard benchmarks)

.PHONY: help demo lab ui test test-browser lint format map docs shots bench faults clean
.DEFAULT_GOAL := help

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## build a year of flights, day by day, from the flights notebook; a second run does only what is stale
	@mkdir -p out
	@$(BIN)/nbasset backfill notebooks/flights.ipynb group:daily -s 2013-01-01 -e 2013-12-31 --only stale
	@$(BIN)/nbasset run notebooks/flights.ipynb --papermill --stale --output out/flights.ipynb
	@$(BIN)/nbasset graph notebooks/flights.ipynb --output out/flights.svg > /dev/null
	@echo
	@echo "  out/flights.ipynb    the executed notebook: each table and figure that it made under the cell that defines it"
	@echo "  out/flights.svg      the lineage of the tables"
	@echo "  notebooks/warehouse  the tables, as Parquet files for any tool"
	@echo
	@echo "To work in the notebook: make lab. To look at all of it on pages: make ui"

lab: $(VENV)/.lab  ## open the flights notebook in JupyterLab (more options: LAB_ARGS=--port=9000)
	cd notebooks && ../$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/flights.ipynb $$(test "$$(id -u)" != 0 || echo --allow-root) $(LAB_ARGS)

ui: $(VENV)/.ui  ## serve the pages and the GraphQL API of the notebooks (more options: UI_ARGS=--port=4000)
	cd notebooks && ../$(BIN)/nbasset ui $(UI_ARGS)

# JupyterLab, its kernel and a browser keep a small machine busy, so what is done in them comes after all else.
test: $(VENV)/.dev  ## run the tests, in parallel, then those in a browser (some of them: PYTEST_ARGS="tests/source -x")
	$(BIN)/python -m pytest $(or $(PYTEST_ARGS),-n auto --dist loadgroup --ignore=tests/browser)
	$(if $(PYTEST_ARGS),,$(MAKE) --no-print-directory test-browser)

test-browser: $(VENV)/.dev  ## the tests that a browser does, in a real JupyterLab and in the gallery of views (need Chromium)
	$(BIN)/python -m pytest tests/browser

lint: $(VENV)/.dev  ## style, types, layers
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## mend style where a machine can
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

map: $(VENV)/.dev  ## write the map of files in ARCHITECTURE.md anew
	$(BIN)/python tests/file_map.py

docs: $(VENV)/.dev  ## write the pages of docs/ that are made from the code anew
	$(BIN)/python docs/generate.py

faults: $(VENV)/.dev  ## kill processes hundreds of times and look what is left (needs strace)
	$(BIN)/python tests/faults/kill_append.py --kills 200 --seed 7
	$(BIN)/python tests/faults/kill_append.py --sweep
	$(BIN)/python tests/faults/kill_materialize.py --sweep --kills 150 --seed 7
	$(BIN)/python tests/faults/kill_chain.py --kills 40 --seed 7
	$(BIN)/python tests/faults/kill_backfill.py --kills 10 --partitions 200 --seed 7
	$(BIN)/python tests/faults/kill_backfill.py --kills 10 --partitions 200 --seed 7 --workers 2
	$(BIN)/python tests/faults/kill_backfill.py --kills 10 --partitions 200 --seed 7 --concurrency 2
	$(BIN)/python tests/faults/kill_daemon.py --kills 60 --seed 7
	$(BIN)/python tests/faults/kill_daemon.py --sweep

shots: $(VENV)/.dev  ## take pictures of every live view in JupyterLab, light and dark, and put those that pages show into docs/images
	$(BIN)/python tests/browser/shots.py out/shots --docs docs/images

bench: $(VENV)/.bench  ## measure, beside other tools
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:  ## forget the environment and what the demo wrote
	rm -rf $(VENV) out .nbasset warehouse notebooks/.nbasset notebooks/warehouse

# The environment. uv installs in a tenth of pip's time; where it cannot be had or fails, pip does the same.
# One stamp for each set of extras: a set is installed anew when pyproject.toml changes.

define install
@echo "Installing nbasset with its $(1) extras into $(VENV)"
@{ test -x $(BIN)/uv && $(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[$(1)]'; } \
	|| $(BIN)/python -m pip install --quiet --editable '.[$(1)]'
endef

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "nbasset needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "No uv here: going on with pip."
	@touch $@

$(VENV)/.bench: pyproject.toml | $(VENV)/.made
	$(call install,dev$(,)bench)
	@touch $@

$(VENV)/.demo: pyproject.toml | $(VENV)/.made
	$(call install,demo)
	@touch $@

# What is copied keeps JupyterLab from asking about news, in this environment only.
$(VENV)/.lab: pyproject.toml binder/overrides.json | $(VENV)/.made
	$(call install,demo$(,)lab)
	@mkdir -p $(VENV)/share/jupyter/lab/settings && cp binder/overrides.json $(VENV)/share/jupyter/lab/settings/
	@touch $@

$(VENV)/.ui: pyproject.toml | $(VENV)/.made
	$(call install,demo$(,)web)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	$(call install,dev)
	@touch $@

, := ,

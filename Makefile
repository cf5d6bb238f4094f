# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long lint docs bench clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/kdsearch run --dataset demo --objective mae,latency --trials 8 --space demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -m "not alone and not long" --durations 15
	$(BIN)/pytest -m alone --durations 5

test-long: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -m long --durations 5

# The pages as a site in site/; a broken link or an undocumented name stops it.
docs: $(VENV)/installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Claims on speed, each a ratio to the plain form: `name ratio goal`; fails where one is under half its goal. Then memory.
bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.claims
	$(BIN)/python -m benchmarks.contrast_memory

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache

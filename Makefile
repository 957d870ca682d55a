# Works with GNU make 3.81 (macOS) and later, and with BSD make.
# What a machine needs before any of this is looked after by .ci/setup.

.POSIX:
.NOTPARALLEL:

# Seen by every command below: bytecode is kept (agents start `gt` and `bd` thousands of times), and nothing
# of a person's other Python projects leaks in.
OWN = unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV;
SHOWN = $(OWN) set -x;
BIN = .venv/bin

DEMO_ARGS =
PYTEST_ARGS =
BENCH_ARGS =
UV = uv

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s  %s\n", $$1, $$2 }' Makefile

setup: ## the virtual environment, the package and tmux; quick when they are there
	@$(OWN) sh .ci/setup

demo: setup ## a town, three repositories, one convoy, merged commits: no account, no model
	@$(OWN) $(BIN)/gt demo $(DEMO_ARGS)

test: setup ## every test; PYTEST_ARGS="-k sling" for some of them
	@$(SHOWN) $(BIN)/pytest --numprocesses auto --maxprocesses 8 --dist loadgroup $(PYTEST_ARGS)

vendors: setup ## the tests with every vendor's real program, installed from npm (1.3 GB)
	@$(SHOWN) GT_TEST_VENDORS=1 $(BIN)/pytest tests/integration/test_real_vendors.py tests/integration/test_codex.py

chaos: setup ## the long form of the tests that kill things and of those that play at random
	@$(SHOWN) GT_CHAOS_ROUNDS=20 GT_PROPERTY_EXAMPLES=2000 $(BIN)/pytest \
		tests/integration/test_recovery.py tests/integration/test_many_writers.py tests/contract/beads/test_properties.py

lint: setup ## style, format, types and layers
	@$(SHOWN) $(BIN)/ruff check .
	@$(SHOWN) $(BIN)/ruff format --check .
	@$(SHOWN) $(BIN)/mypy
	@$(SHOWN) $(BIN)/lint-imports

check: lint test ## what CI runs: lint, then every test

bench: setup ## the benchmarks; BENCH_ARGS goes to them
	@$(SHOWN) $(BIN)/python -m benchmarks $(BENCH_ARGS)

wheel: setup ## build dist/gastown-*.whl
	@$(SHOWN) $(BIN)/python -m hatchling build -t wheel

# The build back end is locked too, so that the editable install needs no network of its own.
LOCK = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"

lock: ## renew both lock files from pyproject.toml (needs uv); UPGRADE=--upgrade for newer versions
	$(LOCK) $(UPGRADE) pyproject.toml -o requirements.lock
	printf 'hatchling\neditables\n' | \
		$(LOCK) $(UPGRADE) --group dev -c requirements.lock pyproject.toml - -o requirements-dev.lock

clean: ## remove everything that make made
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis dist build
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help setup demo test vendors chaos lint check bench wheel lock clean

# make demo   set up and run the Taipei scenario: a table on the terminal, charts and tables in results/demo
# make test   set up and run the tests; some of them: make test TESTS="-m 'not slow'"
# make lint   style, types and import contracts
# make clean  remove what the above made, results excepted
#
# All that is needed is Python 3.11 or newer; another one than python3: make demo PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
RUNS ?= 200
OUT ?= results/demo

bin := $(VENV)/bin
install := "$(bin)/python" -m pip install -qq --disable-pip-version-check -c .ci/constraints.txt

# The check is made before a venv is: pip would find out late, and say it in a page.
version = $(shell "$(PYTHON)" -c 'import sys; sys.stdout.write("%d.%d" % sys.version_info[:2])' 2>/dev/null)
too_old = 2.% 3.0 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9 3.10
another = name another with: make $(or $(firstword $(MAKECMDGOALS)),demo) PYTHON=/path/to/python3
define check
$(if $(version),,$(error cityfunnel needs Python 3.11 or newer, and '$(PYTHON)' does not start; install it, or $(another)))
$(if $(filter $(too_old),$(version)),$(error cityfunnel needs Python 3.11 or newer, and '$(PYTHON)' is $(version); $(another)))
endef

.PHONY: demo test lint constraints clean

demo: $(VENV)/.core
	@"$(bin)/cityfunnel" run taipei_2016_2021 -n $(RUNS) --out "$(OUT)" --overwrite
	@echo "The charts are in $(OUT)/figures/"

test: $(VENV)/.test
	@"$(bin)/python" -m pytest -n auto --maxprocesses 4 $(TESTS)

lint: $(VENV)/.dev
	@"$(bin)/ruff" check .
	@"$(bin)/ruff" format --check .
	@"$(bin)/mypy"
	@"$(bin)/lint-imports" --no-logo --no-cache

# Refresh the versions that the set-up installs: make constraints, then make test on every Python.
constraints: $(VENV)/.core
	@"$(bin)/python" -m pip install -qq --disable-pip-version-check uv
	@"$(bin)/uv" pip compile --quiet --universal --upgrade --python-version 3.11 --all-extras --no-annotate \
		--custom-compile-command "make constraints" --output-file .ci/constraints.txt pyproject.toml

clean:
	@rm -rf "$(VENV)" build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python without ensurepip (Debian's, as long as python3-venv is missing) lends the venv its own pip.
$(VENV)/.core: pyproject.toml .ci/constraints.txt experiments/__init__.py
	$(check)
	@echo "Setting up $(VENV) with Python $(version); this is done once and takes about half a minute ..."
	@if "$(PYTHON)" -c 'import ensurepip' 2>/dev/null; \
	then "$(PYTHON)" -m venv --clear "$(VENV)"; \
	else "$(PYTHON)" -m venv --clear --without-pip "$(VENV)" && \
		"$(PYTHON)" -m pip --python "$(bin)/python" install -qq --disable-pip-version-check pip; fi
	@$(install) --editable .
	@touch $@

$(VENV)/.test $(VENV)/.dev: $(VENV)/.core
	@echo "Adding what '$(subst .,,$(@F))' needs ..."
	@$(install) --editable ".[$(subst .,,$(@F))]"
	@touch $@

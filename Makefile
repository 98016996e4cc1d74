# `make demo` and `make test` are all that a new machine needs; both install into .venv first.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test lint browser serve hopsworks-emulator clean

demo: $(VENV)/installed ## simulate a month of operation on the embedded store
	$(RUN) -m pipelines demo --days 30

# One thread a process: the tests run in two processes, and threads on top of them fight for the cores.
test: $(VENV)/installed browser ## run every test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist worksteal

lint: $(VENV)/installed ## the linters and the type checker
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	MYPYPATH=.github/scripts $(VENV)/bin/mypy .github/scripts/*.py

serve: $(VENV)/installed ## both Spaces on this machine, on the current store
	$(RUN) -m pipelines serve

hopsworks-emulator: $(VENV)/installed ## a Hopsworks to try the full tier on a laptop
	$(RUN) -m tests.hopsworks

# The lock says exactly what is installed, hash by hash; a changed lock installs again. uv installs it, because the pip
# that Python 3.11 brings takes a package with extras for one that the lock does not pin.
INSTALLER := .github/actions/setup/uv.txt
$(VENV)/installed: requirements.txt $(INSTALLER)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; call make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(INSTALLER)
	$(VENV)/bin/uv pip install --quiet --python $(RUN) --require-hashes --requirement requirements.txt
	touch $@

# The pages are tested in a real browser; root on Debian gets it, everybody else is told what to install.
browser: $(VENV)/installed
	@$(RUN) tests/browser.py >/dev/null 2>&1 || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || $(RUN) tests/browser.py

clean: ## remove the environment and the store
	rm -rf $(VENV) store

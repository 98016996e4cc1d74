# `make demo` and `make test` are all that a new machine needs. Both install into .venv first: the demo what the system
# needs (requirements-core.txt), the tests also the Hopsworks client and the test tools (requirements.txt).
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
ENVIRONMENT := $(if $(wildcard $(VENV)/installed),$(VENV)/installed,$(VENV)/core)

# Images of Docker ask Python to keep nothing that it has compiled: each process of a run would compile it all again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test faults fuzz lint browser compiler java spark benchmark serve hopsworks-emulator lock clean

demo: $(ENVIRONMENT) ## simulate a month of operation on the embedded store
	$(RUN) -m pipelines demo --days 30

# More processes than two cores, as tests wait for others; one thread each, as more of them fight for the cores.
test: $(VENV)/installed $(VENV)/spark browser compiler java ## run every test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -n 3 --dist worksteal

faults: $(VENV)/installed compiler ## cut the power, kill and refuse at every step of the store's writes and of whole verbs (hours)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m tests.faults

SECONDS := 60
fuzz: $(VENV)/installed ## search for bytes that a parser falls over, each for $(SECONDS) seconds
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) run --no-project --with atheris==3.0.0 python -m tests.faults.fuzz --seconds $(SECONDS)

benchmark: $(VENV)/installed ## the store beside bare deltalake and Feast; writes the figures of docs/scale.md
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) -m benchmarks.stores

spark: $(ENVIRONMENT) $(VENV)/spark java ## what ENGINE=spark needs

lint: $(VENV)/installed ## the linters, the type checker, who may import whom, and what the workflows offer
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m pipelines workflows --check
	MYPYPATH=.github/scripts $(VENV)/bin/mypy .github/scripts/*.py

serve: $(ENVIRONMENT) ## both Spaces on this machine, on the current store
	$(RUN) -m pipelines serve

hopsworks-emulator: $(VENV)/installed ## a Hopsworks to try the full tier on a laptop
	$(RUN) -m tests.hopsworks

# A lock says exactly what is installed, hash by hash; a changed lock installs again. uv installs it, because the pip
# that Python 3.11 brings takes a package with extras for one that the lock does not pin.
UV := $(VENV)/bin/uv
INSTALLER := .github/actions/setup/uv.txt
INSTALL := $(UV) pip install --quiet --python $(RUN) --require-hashes --requirement
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; call make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(INSTALLER)

# Two packages called deltalake, upstream's in the core and Hopsworks' own in the full environment, have the same files
# and must never meet: the one goes before the other comes. The full environment does all that the core does, so
# where the tests have run the demo takes it as it is.
$(VENV)/core: requirements-core.txt $(INSTALLER) | $(UV)
	$(INSTALL) requirements-core.txt
	touch $@

$(VENV)/installed: requirements.txt $(INSTALLER) | $(UV)
	rm -f $(VENV)/core
	$(UV) pip uninstall --quiet --python $(RUN) deltalake
	$(INSTALL) requirements.txt
	touch $@

$(VENV)/spark: requirements-spark.txt | $(UV)
	$(INSTALL) requirements-spark.txt
	touch $@

# After a change of the dependencies in pyproject.toml. Versions stay as they are locked, except with
# `make lock UPGRADE=--upgrade` or `UPGRADE="--upgrade-package pandas"`. The core takes its versions from the full lock.
COMPILE := $(UV) pip compile --quiet --generate-hashes --python-version 3.11 --universal
AUDIT := .github/scripts/audit
lock: | $(UV) ## compile the locks anew
	$(COMPILE) pyproject.toml $(UPGRADE) --group hopsworks --group spaces --group test --group lint \
		--constraint .github/actions/setup/uv.in -o requirements.txt
	cp requirements.txt requirements-core.txt
	$(COMPILE) pyproject.toml --group embedded --group spaces -o requirements-core.txt
	$(COMPILE) $(UPGRADE) --group pyproject.toml:spark -o requirements-spark.txt
	$(COMPILE) $(AUDIT).in $(UPGRADE) -o $(AUDIT).txt

# The pages are tested in a real browser; root on Debian gets it, everybody else is told what to install.
browser: $(VENV)/installed
	@$(RUN) tests/browser.py >/dev/null 2>&1 || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || $(RUN) tests/browser.py

# The fault tests preload a library in C; root on Debian gets a compiler, everybody else is told what to install.
compiler:
	@command -v cc >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; } || \
		{ echo "The fault tests need a C compiler (cc); install gcc or clang."; exit 1; }

# Spark runs on Java; root on Debian gets one, everybody else is told what to install.
java:
	@command -v java >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; } || \
		{ echo "ENGINE=spark and its tests need Java (java); install Java 17 or later."; exit 1; }

clean: ## remove the environment and the store
	rm -rf $(VENV) store

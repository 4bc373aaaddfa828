# Two commands do all the set-up: `make demo` needs the core only, `make test` everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FAMILY ?= Activation
override NAME := $(value NAME)
override FAMILY := $(value FAMILY)
export NAME FAMILY # text for programs: neither make nor a shell reads what is in it
export PYTHONDONTWRITEBYTECODE := # hundreds of processes of the tests import the same files, so Python keeps them compiled
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

.PHONY: demo test trust fuzz test-all checked lint format bench bench-gpu docs site schemastore image op assets browser screenshots clean peers

demo: $(VENV)/core.stamp
	$(BIN)/archcost analyze googlenet

test: checked
	$(BIN)/python -m pytest -n auto --dist worksteal

test-all: checked
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n auto --dist worksteal --all

trust: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n auto tests/trust

fuzz: $(VENV)/test.stamp
	$(BIN)/python tests/trust/fuzzer.py --minutes 10

# One core each: mypy looks at a file after another, and so does Python compile them.
checked: $(VENV)/test.stamp
	@$(MAKE) --no-print-directory --jobs 2 lint $(VENV)/compiled.stamp

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/test.stamp
	$(BIN)/python benchmarks/run.py
	$(BIN)/python -m benchmarks.sweep --quick

bench-gpu: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.gpu --minutes 8

docs: $(VENV)/test.stamp
	$(BIN)/python -m archcost.render.reference docs/ops.md
	$(BIN)/python -m benchmarks.flops
	$(BIN)/python -m benchmarks.conventions --rules
	$(BIN)/python -m benchmarks.zoo
	$(BIN)/python -m benchmarks.devices
	$(BIN)/python -m benchmarks.prediction
	$(BIN)/python -m scripts.badges
	$(BIN)/python docs/rerun.py

# The docs as a site, in build/site, which any server of files can serve.
site: $(VENV)/test.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# What a request to SchemaStore adds, so that editors know *.archcost.yaml.
schemastore: $(VENV)/core.stamp
	$(BIN)/python -m scripts.schemastore

# A slim image with the command alone: wheels first, then without a network.
image: $(VENV)/core.stamp
	rm -rf build/wheels
	$(BIN)/python -m pip --disable-pip-version-check --quiet wheel --constraint constraints.txt --wheel-dir build/wheels .
	docker build --network none --build-arg PYTHON=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	  --tag archcost --file Dockerfile build/wheels

op: $(VENV)/test.stamp
	$(BIN)/python -m scripts.new_op "$$NAME" "$$FAMILY"
	$(BIN)/python -m archcost.render.reference docs/ops.md
	$(BIN)/python -m benchmarks.flops
	$(BIN)/python -m benchmarks.conventions --rules
	$(BIN)/python -m tests.ops.gaps "$$NAME"

# Tools that tests hold conventions against, in folders of their own: two are packages named thop.
peers: $(VENV)/test.stamp
	scripts/peers.sh $(BIN)/python

# The libraries of the page that `archcost report` writes, in one committed file: the only thing that Node.js is for.
assets:
	cd assets && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent build

# A browser for tests/page: Debian's, where there is none yet and apt-get may install it.
browser:
	@scripts/browser.sh

# The pictures of README.md and docs/report.md.
screenshots: browser $(VENV)/test.stamp
	$(BIN)/python -m scripts.screenshots

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "archcost needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	$(BIN)/python -m compileall -q archcost
	@touch $@

# A pip of today reads an index in a third of the time of the one that older Pythons bring along.
$(VENV)/test.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) pip
	$(PIP) --no-compile --editable '.[dev]'
	@touch $(VENV)/core.stamp $@

# What is imported once is compiled: the tests, and the quarter of the packages' files that they need.
$(VENV)/compiled.stamp: $(VENV)/test.stamp
	@$(BIN)/python -W ignore -c 'import torch._dynamo, torch.onnx, torchvision, timm, transformers, matplotlib.pyplot, nbclient'
	@$(BIN)/python -m pytest --quiet --collect-only >/dev/null
	@touch $@

clean:
	rm -rf $(VENV) assets/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

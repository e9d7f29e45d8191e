# Each target does all its own set-up: a virtual environment in .venv with the pinned versions of constraints.txt.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' 2>/dev/null && echo python3.11 || \
	{ command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && echo python3.12; } || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PUPPET := tests/puppet
PIP_FLAGS := --quiet --disable-pip-version-check
KNOWLEDGE ?=
MESSAGES ?=
RETRIEVAL ?=
BERT ?=
MINILM ?=

.PHONY: help demo test soak resolve lint types bench run clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
		{ echo "Qunda needs Python 3.11 or 3.12; $(PYTHON) is $$($(PYTHON) --version 2>&1). Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Qunda into $(VENV) (once; about a minute) ..."
	$(BIN)/pip install $(PIP_FLAGS) -c constraints.txt -e '.[cpu]'
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Qunda and what its tests need into $(VENV) (once; two minutes) ..."
	$(BIN)/pip install $(PIP_FLAGS) -c constraints.txt -e '.[cpu,ocr,web,wechat,test,dev]'
	@touch $(VENV)/.installed $@

# A real Wechaty gateway with a puppet of its own, for the tests only. Without npm its tests are skipped, but not in CI.
$(PUPPET)/node_modules/.installed: $(PUPPET)/package.json $(PUPPET)/package-lock.json
	@if command -v npm >/dev/null 2>&1; then \
		echo "Installing the Wechaty gateway that the tests run against ..."; \
		npm ci --prefix $(PUPPET) --ignore-scripts --legacy-peer-deps --no-audit --no-fund && touch $@; \
	elif [ -n "$$CI" ]; then \
		echo "CI needs Node.js 18 or newer with npm for the tests of the Wechaty route: apt-get install nodejs npm"; exit 1; \
	else \
		echo "npm is not installed (https://nodejs.org): the tests of the Wechaty route are skipped"; \
	fi

demo: $(VENV)/.installed  ## sample knowledge and a sample group chat, then an interactive group
	@$(BIN)/qunda demo

test:  ## all tests
	@$(MAKE) --no-print-directory -j 2 $(VENV)/.installed-test $(PUPPET)/node_modules/.installed
	$(BIN)/pytest -n 3 --dist worksteal tests

soak: $(VENV)/.installed-test $(PUPPET)/node_modules/.installed  ## the faults of Feishu's platform and the outages of all WeChat routes at full length
	QUNDA_SOAK=1 $(BIN)/pytest -n 4 -rP tests/test_feishu_faults.py tests/soak_wechaty.py tests/soak_wechat.py

# Needs a package index, so it is no part of `make test`. It installs nothing.
resolve: $(VENV)/.installed-test  ## ask the resolver for gpu with wechat, and check its answer for conflicts
	@report=$$(mktemp) && trap 'rm -f "$$report"' EXIT && \
		$(BIN)/pip install $(PIP_FLAGS) --dry-run --ignore-installed --report "$$report" -c constraints.txt '.[gpu,wechat]' && \
		$(BIN)/python tests/resolved.py "$$report" faiss-gpu torch transformers wechaty lark-oapi

lint: $(VENV)/.installed-test  ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test  ## mypy, strict
	$(BIN)/mypy

bench: $(VENV)/.installed-test  ## measure: make bench KNOWLEDGE=DIR MESSAGES=FILE.jsonl RETRIEVAL=FILE.json.xz BERT=DIR MINILM=DIR
	@if [ -n "$(BERT)$(MINILM)" ]; then $(BIN)/pip install $(PIP_FLAGS) -c constraints.txt onnx onnxruntime tokenizers; fi
	@PYTHONPATH=tests $(BIN)/python -m bench --knowledge "$(KNOWLEDGE)" --messages "$(MESSAGES)" --retrieval "$(RETRIEVAL)" --bert "$(BERT)" --minilm "$(MINILM)"

run: $(VENV)/.installed  ## serve the adapters that config.ini enables
	@$(BIN)/qunda run

clean:  ## remove the virtual environment and caches; data/ stays
	rm -rf $(VENV) $(PUPPET)/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Hunch. `make help` lists what there is.

PORT   ?= 8080
BIND   ?= 127.0.0.1
CONFIG ?=
DATA   ?=
HOST   ?= http://$(BIND):$(PORT)

VENV   ?= .venv
PY     := $(VENV)/bin/python
SOURCES := libs services infra tests loadtest
export VENV

.DEFAULT_GOAL := help
.PHONY: help run install test check lint types imports pytest compose-test load lock clean

help: ## what there is
	@grep -hE '^[a-z][a-zA-Z_-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

run: ## the site at http://localhost:8080 (PORT= CONFIG= DATA= BIND=); Ctrl-C stops it
	@infra/local/install.sh run
	@exec $(PY) infra/local --port "$(PORT)" --bind "$(BIND)" --config "$(CONFIG)" --data "$(DATA)"

install: ## what tests and checks need, without running them
	@infra/local/install.sh test

test: install check pytest ## every check and every test that needs no container engine

check: lint types imports ## style, types and import rules

lint:
	$(PY) -m ruff check $(SOURCES)
	$(PY) -m ruff format --check $(SOURCES)

types:
	$(PY) -m mypy

imports:
	$(VENV)/bin/lint-imports

pytest:
	$(PY) -m pytest -n 2 --dist loadfile -m "not docker and not slow"

compose-test: ## builds the containers and drives them for real
	tests/compose/run.sh

load: ## 30 s of readers and pollers against a running site (HOST=)
	@infra/local/install.sh test
	$(PY) -m locust -f loadtest/locustfile.py --headless --host "$(HOST)" \
	    --users 20 --spawn-rate 10 --run-time 30s --only-summary

lock: ## resolves the requirements*.lock files anew
	@for group in run dev bench; do \
	    case $$group in run) file=requirements.lock;; *) file=requirements-$$group.lock;; esac; \
	    echo "resolving $$file"; \
	    $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --no-emit-find-links --no-header --group $$group -o $$file || exit 1; \
	done

clean: ## removes the virtual environment and everything built (not data/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find libs services -name build -type d -prune -exec rm -rf {} +
	find libs services \( -name '*.so' -o -name '*.egg-info' \) -prune -exec rm -rf {} +

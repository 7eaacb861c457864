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
.PHONY: help run install test check lint types imports pytest compose-test load load-herd study publish claims claim-million \
    claim-random-reads claim-store claim-twisted crash compat redis-suite valgrind lock clean \
    bench-tokyocabinet bench-fcgi bench-kvstore bench-search bench-smisk

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

# Load. P95= (milliseconds, 0: no gate) and FAIL_RATIO= gate, SCENARIO="Searcher Explorer" picks some,
# SHAPE=step or SHAPE=spike changes the number of users while it runs; OPTIONS= for more of locust's,
# as in OPTIONS="--step-users 50 --steps 8".
USERS    ?= 20
TIME     ?= 30s
P95      ?= 0
FAIL_RATIO ?= 0.01
SCENARIO ?=
SHAPE    ?=
OPTIONS  ?=
FOLDER   ?=
PEERS    ?= $(PY)

load: ## 30 s of a mixed day against a running site (HOST= USERS= TIME= P95= SHAPE=)
	@infra/local/install.sh test
	$(PY) -m locust -f loadtest/locustfile.py$(if $(SHAPE),$(COMMA)loadtest/shape_$(SHAPE).py) \
	    --headless --host "$(HOST)" --p95-ms $(P95) --fail-ratio $(FAIL_RATIO) --only-summary \
	    $(if $(SHAPE),,--users $(USERS) --spawn-rate 10 --run-time $(TIME)) $(OPTIONS) $(SCENARIO)

load-herd: USERS = 10000
load-herd: ## everyone fetches within seconds after a post (USERS=10000)
	@infra/local/install.sh test
	ulimit -n 20000 2> /dev/null; $(PY) -m locust -f loadtest/herd.py --headless --host "$(HOST)" --users $(USERS) \
	    --spawn-rate 2000 --p95-ms $(P95) --fail-ratio $(FAIL_RATIO) --only-summary

study: ## the FastCGI study of 2007 again (STUDY=quick|default|full, CELLS=, MINUTES=, PEERS=python)
	@infra/local/install.sh bench
	cd loadtest && $(abspath $(PY)) -m study $(or $(STUDY),default) --peers "$(abspath $(PEERS))" \
	    --cells "$(CELLS)" --minutes $(or $(MINUTES),0)

publish: ## a study's figures and plots into README and docs (FOLDER=loadtest/results/…)
	@infra/local/install.sh test
	cd loadtest && $(abspath $(PY)) -m study publish $(if $(FOLDER),"$(abspath $(FOLDER))")

claims: claim-million claim-random-reads claim-store claim-twisted ## all of them, one after another

claim-million claim-random-reads claim-store claim-twisted: ## what the posts measured, again
	@infra/local/install.sh bench
	cd loadtest && $(abspath $(PY)) -m claims $(@:claim-%=%) --peers "$(abspath $(PEERS))"

COMMA := ,

# The counts of `make test` are small; these are the full ones and take hours, but what
# has passed on a commit is not run on it again.
crash: install ## kills, power cuts, bad disks, damage: the full counts, summed up (GOAL=D5)
	$(PY) services/kvstore/tests/crash/goals.py --only "$(GOAL)"

compat: install ## millions of made-up commands against redis-server and RediSearch
	KVSTORE_COMPAT_COMMANDS=$${COMMANDS:-3000000} KVSTORE_SEARCH_QUERIES=$${QUERIES:-100000} \
	$(PY) -m pytest --timeout 0 services/kvstore/tests/compat tests/compat

redis-suite: install ## Redis's own tests against ours and redis-server (fetches Debian's source package)
	$(PY) services/kvstore/tests/compat/redis_suite.py $(UNITS)

valgrind: install ## the binding's tests under valgrind (minutes)
	PYTHON=$(abspath $(PY)) libs/tokyocabinet/tests/run_valgrind.sh

# Programs, not tests: each runs ours and its peers by turns and writes a JSON file with
# ratios and spread to loadtest/results/. Run them on a quiet machine.
bench-tokyocabinet: ## the binding against C, LMDB, SQLite and dict
	@infra/local/install.sh bench
	$(PY) libs/tokyocabinet/bench/bench_tokyocabinet.py --output loadtest/results/bench-tokyocabinet.json

bench-fcgi: ## the FastCGI server against C, flup and other servers
	@infra/local/install.sh bench
	$(PY) libs/fcgi/bench/bench_fcgi.py --out loadtest/results/bench-fcgi.json

bench-kvstore: ## the store against redis-server
	@infra/local/install.sh bench
	$(PY) services/kvstore/bench/bench_kvstore.py --out loadtest/results/bench-kvstore.json

bench-search: ## search over a million documents against RediSearch (COUNT= fewer)
	@infra/local/install.sh bench
	$(PY) services/kvstore/bench/bench_search.py --count $${COUNT:-1000000} --out loadtest/results/bench-search.json

bench-smisk: ## the framework against Flask, Falcon, Bottle, Starlette and Twisted
	@infra/local/install.sh bench
	$(PY) libs/smisk/bench/bench_smisk.py --out loadtest/results/bench-smisk.json

lock: ## resolves the requirements*.lock files anew
	@for group in run loadtest dev bench; do \
	    case $$group in run) file=requirements.lock;; \
		loadtest) file=loadtest/requirements.lock;; *) file=requirements-$$group.lock;; esac; \
	    echo "resolving $$file"; \
	    $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --no-emit-find-links --no-header --group $$group -o $$file || exit 1; \
	done

clean: ## removes the virtual environment and everything built (not data/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find libs services -name build -type d -prune -exec rm -rf {} +
	find libs services \( -name '*.so' -o -name '*.egg-info' \) -prune -exec rm -rf {} +

.PHONY: help run test check check-cities conformance oracle bench clean
PYTHON ?= python3
SIZE ?= small
HOST ?= 127.0.0.1
PORT ?= 8000
EVAKA_DATA ?= $(CURDIR)/data
BIN := .venv/bin
export EVAKA_DATA HOST PORT

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

.venv/.run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.test: .venv/.run requirements-dev.txt tests/requirements-schema.txt
	@$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -r tests/requirements-schema.txt
	@touch $@

conformance: .venv/.test ## published cases with expected figures, also through the database: CASES=folder
	@$(BIN)/python -m tests.conformance $(CASES)

FAMILIES ?= 1000000
oracle: .venv/.test ## random families reckoned twice, by the rules and by a second hand: FAMILIES=1000000 SEED=1
	@FAMILIES=$(FAMILIES) SEED=$(SEED) $(BIN)/python -m tests.oracle

.venv/.bench: .venv/.run bench/requirements.txt
	@$(BIN)/pip install -q --disable-pip-version-check -r bench/requirements.txt
	@touch $@

B ?= register
bench: .venv/.bench ## figures at the size of a large city: B=register (beside Django admin), B=journal, B=finance, B=day, B=places, B=mail
	@SIZE=$(if $(filter command line,$(origin SIZE)),$(SIZE),espoo) $(BIN)/python -m bench.$(B)

check-cities: .venv/.run ## every folder of config/: its tables, worked examples, texts
	@$(BIN)/flask --app app check-city --all

run: .venv/.run ## open the city at http://127.0.0.1:8000 (SIZE=espoo for a large one)
	@EVAKA_HTTP=1 $(BIN)/flask --app app load-demo --upgrade --size $(SIZE)
	@EVAKA_HTTP=1 $(BIN)/gunicorn -c evaka/serve.py app:app

test: .venv/.test ## lint, types, and every test
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests

check: .venv/.test ## lint and types only
	@$(BIN)/ruff check .
	@$(BIN)/mypy

clean: ## forget the demo city
	rm -rf data

# Everything starts from Python 3.11 or newer, git and make.

PYTHON ?= python3
export PYTHONPATH := deploy
LOCAL := .venv/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help run tour token test test-deploy faults soak rolling schedules bench contracts release can-i-deploy check format clean ready

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ready ## Run the whole suite on this machine; Ctrl-C ends it, the next start keeps the data (PORTAL_PORT=… BROKER_URL=none)
	@$(LOCAL) local.run

tour: ready ## Walk the help article through the running suite and tell each step
	@$(LOCAL) local.tour

token: ready ## Print a token for the running suite: make -s token ACCOUNT=<id> ROLE=administrator, or SCOPES="events:read" (UNIT=orders for one unit, SUITE=… for another suite)
	@$(LOCAL) local.tokens

test: ready ## Install what tests need and pass all of them (ARGS="-k words" narrows)
	@$(PYTHON) -m local.system postgresql rabbitmq chromium
	@.venv/bin/pytest -n 2 $(ARGS)

test-deploy: ready ## Build the images and run the suite in containers of a private Docker engine
	@$(PYTHON) -m local.system postgresql rabbitmq docker mmdebstrap nginx
	@TEST_DEPLOY=1 .venv/bin/pytest tests/deploy $(ARGS)

faults: ready ## Hurt the suite in every way that is listed, on both databases, and write docs/reports/faults.md
	@$(PYTHON) -m local.system postgresql rabbitmq
	@PYTHONPATH=deploy:tests .venv/bin/python -m faults.matrix faults $(ARGS)

soak: ready ## Let people work while things die at random, MINUTES=10 long (SEED=… DATABASE=sqlite|postgresql)
	@$(PYTHON) -m local.system postgresql rabbitmq
	@PYTHONPATH=deploy:tests .venv/bin/python -m faults.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))

rolling: ready ## Roll every unit to the working tree and back under load, on both databases, and write docs/reports/rolling.md
	@$(PYTHON) -m local.system postgresql rabbitmq
	@PYTHONPATH=deploy:tests .venv/bin/python -m faults.matrix rolling $(ARGS)

schedules: ready ## Try SCHEDULES=5000 random schedules of deaths, losses and restores, and write docs/reports/schedules.md
	@SCHEDULES=$(or $(SCHEDULES),5000) PYTHONPATH=deploy:tests .venv/bin/python -m faults.matrix schedules $(ARGS)

bench: ready ## Measure speed beside floors and peers and write benchmarks/REPORT.md (ONLY="checks client" for some)
	@$(PYTHON) -m local.system postgresql rabbitmq
	@UV_PROJECT_ENVIRONMENT=.venv-bench .tools/bin/uv sync --quiet --frozen --group bench --python $(PYTHON)
	@PYTHONPATH=deploy:tests:. .venv-bench/bin/python -m benchmarks $(ONLY)

contracts: ready ## Write what is made from the contracts, and say whom a change of them breaks
	@PYTHONPATH=deploy:tests .venv/bin/python -m contracts.generate
	@$(LOCAL) releases contracts

release: ready ## Record what is committed as the unit's version: make release UNIT=orders
	@$(LOCAL) releases record $(UNIT)

can-i-deploy: ready ## Say whether a version may go where others run: UNIT=orders VERSION=1.4.0|head ENVIRONMENT=production
	@$(LOCAL) releases can-i-deploy $(UNIT) $(VERSION) $(or $(ENVIRONMENT),production)

check: ready ## Lint, types, imports, generated files, tests: what CI runs
	@$(LOCAL) local.check

format: ready ## Bring the code into its form
	@.venv/bin/ruff check --quiet --fix .
	@.venv/bin/ruff format --quiet .

clean: ## Forget all data of `make run`
	@$(PYTHON) -m local.running

ready:
	@$(PYTHON) -m local.bootstrap

# Everything a person needs: make demo, make test. The rest is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo run test tests audit lint style types bench chaos chaos-short chaos-commits chaos-upgrade release lock texts pictures image-size image-check format browser clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## make .venv and install the locked dependencies

$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup ## try the bot on a page on this machine: no accounts, no tokens
	$(BIN)/python -m sandbox

run: setup ## the bot itself; needs DISCORD_TOKEN and SEGMIND_API_KEY in .env
	$(BIN)/python -m bot

lint: style types ## format check, lint, import rule, types

style: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

format: setup ## let ruff format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser: # the system's Chromium for the page's test; without root or apt the test says why it skips
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "No Chromium here and no way to install it: the page's test will skip."

# The bot is started many times, which is faster with its bytecode kept. Three at a time on two
# cores: some tests wait for processes. File by file, since files share what is dear to start.
TESTS_AT_ONCE ?= 3
# In memory, where there is room, since SQLite waits for the disk at every commit.
ROOMY = $(shell df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 >= 1000 {print "TMPDIR=/dev/shm"}')
test: style audit browser ## every check; the types while the tests run, which often wait for something
	@$(MAKE) --no-print-directory --jobs=2 types tests

tests: setup
	env -u PYTHONDONTWRITEBYTECODE $(ROOMY) $(BIN)/python -m pytest -n $(TESTS_AT_ONCE) \
	  --dist loadfile --no-loadscope-reorder --cov --cov-report=term

audit: setup ## secrets in the files; known holes in what is locked (asks osv.dev, if it can)
	@$(BIN)/python -m tests.auditing

bench: setup ## every benchmark: tables, JSON in benchmarks/results, and which limits hold (ONLY)
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

# Without DATABASE and BOTS: SQLite with one process, then PostgreSQL with three.
JOBS ?= 2000
KILLS ?= 100
SEED ?= 7
CHAOS := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m sandbox.chaos
CHAOS_RUN := $(CHAOS) run --seed $(SEED)

chaos: setup ## many members, faults everywhere, kill -9: is nothing lost, nothing paid twice? (JOBS KILLS SEED DATABASE BOTS)
ifdef DATABASE
	$(CHAOS_RUN) --jobs $(JOBS) --kills $(KILLS) --database $(DATABASE) --bots $(or $(BOTS),1)
else
	$(CHAOS_RUN) --jobs $(JOBS) --kills $(KILLS) --database sqlite --bots $(or $(BOTS),1)
	$(CHAOS_RUN) --jobs $(JOBS) --kills $(KILLS) --database postgresql --bots $(or $(BOTS),3)
endif

chaos-short: setup ## the same in about a minute
	$(CHAOS_RUN) --jobs 100 --kills 6

chaos-commits: setup ## a kill before and after every single commit of a job, on both databases
	$(CHAOS) commits --database sqlite
	$(CHAOS) commits --database postgresql

chaos-upgrade: setup ## jobs of an older version end under this one: make chaos-upgrade FROM=revision
	$(CHAOS) upgrade --from $(or $(FROM),HEAD~1)

release: setup ## write down the databases of the version that CHANGELOG.md gives a day to, for good
	$(BIN)/python -m tests.releasing

texts: setup ## bring bot/locales up to date with the texts in the code
	$(BIN)/python -m tests.catalogues

pictures: setup browser ## renew the README's pictures of what members see
	$(BIN)/python -m tests.readme_pictures

image-size: setup ## how large the image is, without Docker: what is trimmed, what is left, what a host downloads
	$(BIN)/python -m deploy.image_size

# By hand, not in `make test`: it needs a Docker engine and the network.
CONFINED := docker run --rm --init --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges
MADE_UP := --env DISCORD_TOKEN=made-up --env SEGMIND_API_KEY=made-up
image-check: ## build the image, try it as compose runs it, and check the compose files (needs Docker)
	docker build --pull --tag wan-video-bot:check .
	docker image ls wan-video-bot:check
	$(CONFINED) wan-video-bot:check --version
	$(CONFINED) wan-video-bot:check models
	$(CONFINED) $(MADE_UP) --mount type=tmpfs,destination=/data,tmpfs-mode=0777 wan-video-bot:check migrate
	! $(CONFINED) $(MADE_UP) --entrypoint python wan-video-bot:check -m bot.heartbeat
	touch .env && docker compose config --quiet
	POSTGRES_PASSWORD=made-up docker compose --file compose.postgres.yaml config --quiet

lock: setup ## renew the lock files from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra reporting pyproject.toml -o requirements-reporting.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove what make made; never your data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

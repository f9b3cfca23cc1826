# The commands of BiologiDex; `make` alone lists them. Needs Python 3.11 or newer, nothing else.
#
#   PYTHON=…   the Python to set .venv up with       DATA_DIR=…  where `make dev` keeps its data (.data)
#   PORT=…     where the gateway listens (8000)      ARGS=…      more arguments for the commands

PYTHON ?=
PY := .venv/bin/python
COMPOSE ?= docker compose
PARTS := gateway users animals dex social vision graph ops dev
TOOLS := check-deploy checkov compose

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test chaos faults check check-deploy images up down test-compose bench backup restore drill requirements clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 22

setup: ## make .venv and put the pinned packages into it
	@sh deploy/local/setup.sh "$(PYTHON)" >&2

demo: setup ## run the mesh and walk a photo through it as two players (ARGS=--once: end after the walk)
	@exec ./bdx demo $(ARGS)

dev: setup ## run the mesh until Ctrl-C; its data stay in DATA_DIR
	@exec ./bdx dev

# The stack ends with make: a make that is killed hands no signal on.
demo dev: export END_WITH_PARENT := 1

test: setup ## run all tests
	@exec $(PY) -m pytest $(ARGS)

chaos: setup ## kill, stop and poison everything for ten minutes under load, then check (ARGS="--minutes 2 --seed 7")
	@exec $(PY) -m tests.faults.chaos $(ARGS)

faults: setup ## the faults that take long: clusters, rolling restarts (also at length), the drill (some minutes)
	@$(PY) -m pytest -m 'long and not containers' tests
	@exec $(PY) -m tests.faults.rolling $(ARGS)

check: setup ## format, lint, strict types, import contracts
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

check-deploy: setup ## look over Dockerfile, compose and Kubernetes manifests (ARGS=--json; what is missing here is skipped)
	@exec $(PY) -m deploy.check $(ARGS)

images: setup ## build the images with docker, podman or buildah (ARGS="dex ops --base IMAGE --push"; deploy/README.md)
	@exec $(PY) -m deploy.images $(ARGS)

up: ## start deploy/compose.yml on this host (docker, or COMPOSE="podman compose"; deploy/compose/README.md)
	@exec $(COMPOSE) -f deploy/compose.yml up -d $(ARGS)

down: ## stop what `make up` has started; data stay in their volumes
	@exec $(COMPOSE) -f deploy/compose.yml down $(ARGS)

test-compose: setup ## build the images and run all of compose.yml with podman, in a network of its own (as root, half an hour and more)
	@exec $(PY) -m tests.deploy.compose $(ARGS)

bench: setup ## measure what the mesh must reach, as a table
	@exec ./bdx bench $(ARGS)

backup: setup ## back up what `make dev` runs, while it runs (DATA_DIR, BACKUP_DIR)
	@exec ./bdx backup $(ARGS)

restore: setup ## bring a backup back into a new folder (ARGS="--from DIR --data-dir NEW --at 2026-11-20T14:30:00")
	@exec ./bdx restore $(ARGS)

drill: setup ## fill, back up, destroy and restore a mesh of its own; print how old the data are and how long it took
	@exec ./bdx drill $(ARGS)

requirements: setup ## pin the packages of pyproject.toml anew
	@for part in $(PARTS); do \
	  .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
	    pyproject.toml --extra $$part --output-file requirements/$$part.txt || exit; \
	done; \
	for group in $(TOOLS); do \
	  .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
	    --group $$group --output-file requirements/$$group.txt || exit; \
	done

clean: ## remove .venv, the data of `make dev`, and what the tools keep
	@rm -rf .venv .data .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The commands of this repository. `make help` lists them.
-include .env
export STACK_PORT WECHAT_PORT PAY_PORT INSURER_PORT

STAGE ?= local
PYTHON ?= $(shell for each in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done || echo python3)
RUN := .venv/bin/python
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help install up down reset demo logs ledger-check test check bench documents package deploy lock

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

install: ## virtual environments, from the hashed requirement files
	@$(PYTHON) infra/local/install.py

up: install ## start the local stack, deploy, seed, play one order, stay up
	@$(RUN) -m infra.local up

down: install ## end it; its state is kept
	@$(RUN) -m infra.local down

reset: install ## end it and forget everything
	@$(RUN) -m infra.local reset

demo: install ## play one more order; STORY=remedies for a complaint, an exchange and a claim
	@$(RUN) -m infra.local demo $(STORY)

logs: install ## what the functions say; NAME=booking for one
	@$(RUN) -m infra.local logs $(NAME)

ledger-check: install ## prove the ledger of the local stack
	@$(RUN) -m infra.local ledger-check

test: install ## all tests, with a local stack of their own
	@$(RUN) -m pytest -n 2 --dist loadgroup

check: install ## formatting, lint, types, architecture, the template
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(RUN) -m infra.synth --stage dev
	@.venv/bin/cfn-lint --regions us-east-1 cn-north-1 -- dist/dev/template.json

bench: install ## measure; one JSON object on the last line
	@$(RUN) -m benchmarks

documents: install ## docs/{openapi.json,roles.md,events.md} from the code
	@$(RUN) -m infra.documents

package: install ## dist/STAGE/{template.json,deployment.zip}
	@$(RUN) -m infra.synth --stage $(STAGE)

deploy: package ## put STAGE on AWS (docs/deploy.md)
	@$(RUN) -m infra.deploy --stage $(STAGE)

lock: install ## renew the hashed requirement files from the .in files
	@for name in requirements requirements-dev requirements-local; do \
		.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
			--python-version 3.11 --custom-compile-command "make lock" $$name.in --output-file $$name.txt; \
	done

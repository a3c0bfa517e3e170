# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.DEFAULT_GOAL := help
.PHONY: help demo test long kubernetes faults releases bench fuzz molecule integration gates build docs lint unit system ansible setup constraints clean

# Those of a file share its servers, and the many short ones come last, so that all end together. They wait more than they work:
# two for each core.
SIDE_BY_SIDE = --numprocesses $$((2 * $$(nproc))) --dist loadfile --no-loadscope-reorder

help: ## This list
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: ## Watch a split cluster of real Erlang nodes being healed, in under a minute
	@scripts/setup demo
	@scripts/demo

test: ## Lint, types, import layers, unit and system tests, decoders briefly fuzzed, with the newest ansible-core
	@scripts/setup test
	@.venv/nox/bin/nox -s lint
	@CORES=$${CORES:-newest} scripts/test -m "not long" $(SIDE_BY_SIDE) tests/system tests/fuzz tests/unit

long: ## Whole stories that take long: schedules, recipes, rulebooks, the quick start word by word
	@scripts/setup test
	@scripts/test -m long $(SIDE_BY_SIDE) tests/system

kubernetes: ## What the strategy kubernetes, the inventory and the role schedule do in the cluster of TEST_KUBECONFIG
	@: $${TEST_KUBECONFIG:?names the kubeconfig of a cluster in which the tests may make namespaces}
	@scripts/setup test
	@scripts/test tests/system/kubernetes_credentials tests/system/test_kubernetes*.py tests/system/test_inventory*.py tests/system/test_schedule_kubernetes*.py

faults: ## Break sources, members and controllers, and count the healthy links that are lost: none
	@scripts/setup test
	@scripts/test tests/faults

releases: ## The tests of each topic with Debian 13's servers, as root; SUITES="trixie forky pypi" for all that there are
	@scripts/setup test
	@scripts/releases $(SUITES)

bench: ## What it costs beside what else there is; makes the table and the plot of the docs, in an hour of a quiet machine
	@scripts/setup test
	@PYTHONPATH=.:.build/collections .venv/ansible-2.21/bin/python -m tests.benchmarks; missed=$$?; \
	.venv/nox/bin/nox -s benchmarks-page && exit $$missed

fuzz: ## Every decoder at length, FUZZ_EXAMPLES inputs each (10000)
	@scripts/setup test
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-10000} scripts/test tests/fuzz

molecule: ## Each role on real nodes, from nothing to healed and back to nothing
	@scripts/setup test
	@.venv/nox/bin/nox -s $$(printf 'molecule-%s ' $${CORES:-2.19 2.21})

integration: ## Modules, plugins, role and playbooks on real nodes, by ansible-test
	@scripts/setup test
	@.venv/nox/bin/nox -s $$(printf 'integration-%s ' $${CORES:-2.19 2.21})

docs: ## The docsite, in .build/docs
	@scripts/setup test
	@.venv/nox/bin/nox -s docs

gates: ## Every other check of the field: ansible-test, ansible-lint, galaxy-importer, licences, workflows …
	@scripts/setup test
	@scripts/gates

build: ## The release tarball, in .build/release
	@scripts/setup test
	@.venv/nox/bin/nox -s build

lint: ## Style, types and import layers
	@scripts/setup test
	@.venv/nox/bin/nox -s lint

unit: ## The tests that need no server
	@scripts/setup test
	@scripts/test tests/unit

system: ## The tests against real nodes and servers
	@scripts/setup test
	@scripts/test -m "not long" $(SIDE_BY_SIDE) tests/system

ansible: ## Those of them that touch Ansible: all others are the same with each ansible-core
	@scripts/setup test
	@scripts/test -m "not long and not core" $(SIDE_BY_SIDE) tests/system

setup: ## Install what the tests need, and do nothing else
	@scripts/setup test

constraints: ## Renew tests/constraints, the releases of all that the tests install
	@scripts/setup test
	@scripts/constraints

clean: ## Remove all that the other targets made in this directory
	rm -rf .venv .build .pytest_cache .hypothesis .ruff_cache .mypy_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

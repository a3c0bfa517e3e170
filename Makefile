# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.DEFAULT_GOAL := help
.PHONY: help demo test long faults bench fuzz lint unit system setup clean

help: ## This list
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: ## Watch a split cluster of real Erlang nodes being healed, in under a minute
	@scripts/setup demo
	@scripts/demo

test: ## Lint, types, import layers, unit and system tests, decoders briefly fuzzed
	@scripts/setup test
	@scripts/lint
	@scripts/test -m "not long" tests/unit tests/fuzz tests/system

long: ## Schedules and rulebooks from nothing to healed clusters and back to nothing
	@scripts/setup test
	@scripts/test -m long tests/system

faults: ## Break sources, members and controllers, and count the healthy links that are lost: none
	@scripts/setup test
	@scripts/test tests/faults

bench: ## How fast a loop that watches heals
	@scripts/setup test
	@PYTHONPATH=.:.build/collections .venv/ansible-2.21/bin/python -m tests.benchmarks.loop heal

fuzz: ## Every decoder at length, FUZZ_EXAMPLES inputs each (10000)
	@scripts/setup test
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-10000} scripts/test tests/fuzz

lint: ## Style, types and import layers
	@scripts/setup test
	@scripts/lint

unit: ## The tests that need no server
	@scripts/setup test
	@scripts/test tests/unit

system: ## The tests against real nodes and servers
	@scripts/setup test
	@scripts/test tests/system

setup: ## Install what the tests need, and do nothing else
	@scripts/setup test

clean: ## Remove all that the other targets made in this directory
	rm -rf .venv .build .pytest_cache .hypothesis .ruff_cache .mypy_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

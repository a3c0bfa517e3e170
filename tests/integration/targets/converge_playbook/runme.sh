#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The playbooks by their names, as users call them.
set -eux
world=$OUTPUT_DIR/world.json
world() { (cd "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/selfheal/cluster" && python -m tests.harness.world "$@"); }
play() { ansible-playbook -i app.cluster.yml -e "@$world" "$@" 2>&1 | tee "$OUTPUT_DIR/output.txt"; }
says() { grep -qE "$1" "$OUTPUT_DIR/output.txt"; }
verify() { world tell "$world" ask | python verify.py "$@"; }
nodes() { python -c 'import json, sys; print(" ".join(json.load(open(sys.argv[1]))["nodes"]))' "$world"; }
set -o pipefail
export SELFHEAL_CLUSTER_DISCOVER=false

world start "$world"
trap 'world stop "$world"' EXIT
read -r first second third < <(nodes)

play selfheal.cluster.status "$@"
says '^chat +split +1/3 +3 '
code=0
play selfheal.cluster.check "$@" || code=$?
[ "$code" = 2 ]
play selfheal.cluster.converge --check --diff "$@"
verify
play selfheal.cluster.converge "$@"
says '^chat +whole +3/3 +1 +0 +0 +connected 2$'
verify "$first" "$second" "$third"
play selfheal.cluster.converge "$@"
says 'changed=0'
play selfheal.cluster.status "$@"
says '^chat +whole +3/3 +1 +0 +0 +-$'
play selfheal.cluster.check "$@"

# A run that could not discover fails, and nobody is lost
world tell "$world" hide
if play selfheal.cluster.converge "$@"; then
    echo "A failed discovery did not fail the run"
    exit 1
fi
says 'nothing was changed'
verify "$first" "$second" "$third"
world tell "$world" show
play selfheal.cluster.converge "$@"
says 'changed=0'

world tell "$world" publish "$second" "$third"
play selfheal.cluster.converge "$@"
verify "$second" "$third"

# An inventory without topologies is an error
if ansible-playbook -i localhost, selfheal.cluster.converge "$@"; then
    echo "A run that healed nothing was green"
    exit 1
fi

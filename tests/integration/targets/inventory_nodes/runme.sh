#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The inventory is read where it is used, so each of these is a run of its own.
set -eux
world=$OUTPUT_DIR/world.json
world() { (cd "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/selfheal/cluster" && python -m tests.harness.world "$@"); }
play() { ansible-playbook -i app.cluster.yml -e "@$world" "$@"; }

world start "$world"
trap 'world stop "$world"' EXIT

play discovered.yml "$@"
SELFHEAL_CLUSTER_DISCOVER=false play topologies_only.yml "$@"

# What could be discovered is kept, also while there is nobody to ask
export ANSIBLE_INVENTORY_CACHE=true ANSIBLE_INVENTORY_CACHE_PLUGIN=ansible.builtin.jsonfile
export ANSIBLE_INVENTORY_CACHE_CONNECTION=$OUTPUT_DIR/cache
play discovered.yml "$@"
world tell "$world" publish
play discovered.yml "$@"

# Without it a topology whose discovery fails keeps its host, and the source fails
unset ANSIBLE_INVENTORY_CACHE
play topologies_only.yml "$@" 2>&1 | tee "$OUTPUT_DIR/failed.txt"
grep -q NXDOMAIN "$OUTPUT_DIR/failed.txt"
if ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true play topologies_only.yml "$@"; then
    echo "A source that failed did not end the run"
    exit 1
fi

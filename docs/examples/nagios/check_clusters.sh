#!/bin/sh
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# For Nagios and what is like it: one line, and 0, 2 or 3. Usage: check_clusters.sh INVENTORY-OR-OPTION...
ansible-playbook -i "$@" selfheal.cluster.check >/dev/null 2>&1
case $? in
    0) echo "OK: all clusters are whole" ;;
    2) echo "CRITICAL: a cluster is not whole" && exit 2 ;;
    *) echo "UNKNOWN: a cluster could not be told" && exit 3 ;;
esac

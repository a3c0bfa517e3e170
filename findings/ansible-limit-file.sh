#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-core 2.21.5: which hosts a run is limited to by a file of host names, --limit @FILE.
#
# One would guess: a file without a name in it leaves no hosts, which is an error, as it is with an empty group; and
# '!@FILE' leaves out the hosts that FILE names, as '!GROUP' does with those of a group.
# Seen: an empty file is no limit at all: all hosts, exit code 0 and not a word. Only together with another pattern it
# adds nobody. '!@FILE' is taken for a host of the name "@FILE": it leaves out nobody, with no more than a warning.
# Why it matters: a script that writes down the members to repair or to spare, and finds none or puts the "!" before the
# file, runs on the whole cluster.
#
#   @b: b
#   @empty: a b c
#   @empty,b: b
#   !b: a c
#   !@b: a b c
#   nobody: exit code 1
#
# Needs Python 3.12 or 3.13 (PYTHON names another than python3). Fetches the package named below into a folder of its
# own, takes a minute, and exits with 1 if it sees anything else. Usage: findings/ansible-limit-file.sh
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
cd "$place"
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: ansible-core==2.21.5
PATH=$place/venv/bin:$PATH
export HOME=$place LC_ALL=C.UTF-8

printf '%s\n' a b c '[nobody]' >inventory.ini
printf '%s\n' '- hosts: all' '  tasks: []' >play.yml
echo b >b
: >empty
for limit in @b @empty @empty,b '!b' '!@b' nobody; do
    code=0
    ansible-playbook -i inventory.ini play.yml --list-hosts --limit "$limit" >output 2>>warnings || code=$?
    hosts=$(sed -n 's/^      \([a-z]\)$/\1/p' output | sort | xargs)
    [ "$code" = 0 ] || hosts="exit code $code"
    echo "$limit: $hosts"
done >seen
cat >expected <<'END'
@b: b
@empty: a b c
@empty,b: b
!b: a c
!@b: a b c
nobody: exit code 1
END
cat seen
diff expected seen || { echo "This is not what was seen before. All warnings:" && cat warnings && exit 1; } >&2

#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-core 2.21.5: what becomes of a host that is gone from the inventory after `meta: refresh_inventory`, in the
# middle of a play, where it is inside of a block that has an `always`.
#
# One would guess: the host goes on to the end of the play, or at least its `always` and the handlers that it has
# notified run, since they run after each failure.
# Seen: it leaves the play without a word. Neither its `always` nor its handler runs, it is not counted as failed or
# unreachable, and the exit code is 0.
#
#   locked a
#   locked b
#   unlocked a
#   handled a
#   exit code 0
#
# Needs Python 3.12 to 3.14 (PYTHON names another than python3). Fetches the package named below into a folder of its
# own, takes a minute, and exits with 1 if it sees anything else. Usage: findings/refresh-inventory-always.sh
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
cd "$place"
venv/bin/pip install --quiet --disable-pip-version-check ansible-core==2.21.5
PATH=$place/venv/bin:$PATH
export HOME=$place LC_ALL=C.UTF-8

cat >inventory.sh <<'END'
#!/bin/sh
# Host b is there until the play makes the file "gone".
cd "$(dirname "$0")"
[ -e gone ] && hosts='"a"' || hosts='"a", "b"'
echo "{\"all\": {\"hosts\": [$hosts], \"vars\": {\"ansible_connection\": \"local\"}}, \"_meta\": {\"hostvars\": {}}}"
END
chmod +x inventory.sh
cat >play.yml <<'END'
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.lineinfile: {path: "{{ playbook_dir }}/locked-{{ inventory_hostname }}", line: locked, create: true}
          notify: A handler
        - ansible.builtin.file: {path: "{{ playbook_dir }}/gone", state: touch}
          run_once: true
        - ansible.builtin.meta: refresh_inventory
      always:
        - ansible.builtin.file: {path: "{{ playbook_dir }}/unlocked-{{ inventory_hostname }}", state: touch}
  handlers:
    - name: A handler
      ansible.builtin.file: {path: "{{ playbook_dir }}/handled-{{ inventory_hostname }}", state: touch}
END
code=0
ansible-playbook -i inventory.sh play.yml >output 2>&1 || code=$?
for what in locked unlocked handled; do
    for host in a b; do
        [ ! -e "$what-$host" ] || echo "$what $host"
    done
done >seen
echo "exit code $code" >>seen
cat >expected <<'END'
locked a
locked b
unlocked a
handled a
exit code 0
END
cat seen
diff expected seen || { echo "This is not what was seen before. All of the output:" && cat output && exit 1; } >&2

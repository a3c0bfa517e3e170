# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Tell the role what the host has: a line KEY=VALUE for each thing, with some keys more than once. It only reads.
# Usage: sh -c "$(cat look.sh)" sh ANSIBLE_PLAYBOOK MARKER DIRECTORY HOME NAME PLACE...
#   ANSIBLE_PLAYBOOK  the command, or the path of it
#   MARKER            the line that each file of the role has
#   DIRECTORY, HOME   what this schedule owns, each in a directory of all schedules
#   NAME              of the schedule
#   PLACE...          the files that another schedule, or somebody else, may have made
ansible_playbook=$1 marker=$2 directory=$3 home=$4 name=$5
shift 5

entries() { # The names in a directory, hidden ones as well
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -e "$entry" ] || [ -L "$entry" ]; then
            printf '%s\n' "${entry##*/}"
        fi
    done
}

echo "user=$(id -u)"
systemctl --version 2>/dev/null | sed -n 's/^systemd \([0-9][0-9]*\).*/systemd=\1/p'
if [ -d /run/systemd/system ]; then
    echo "runs=systemd"
fi
for command in flock timeout; do
    command -v "$command" >/dev/null || echo "lacks=the command $command"
done
if [ -e /etc/ansible/ansible.cfg ]; then
    echo "config=/etc/ansible/ansible.cfg"
fi
if [ ! -d /etc/cron.d ]; then
    echo "lacks=the directory /etc/cron.d"
fi

# The command itself, the file that it leads to, and the interpreter of that one
program=$(command -v "$ansible_playbook") || program=
{
    printf '%s\n' "$program"
    if [ -f "$program" ]; then
        readlink -f "$program" "$(sed -n '1s/^#! *\([^ ]*\).*/\1/p' "$program")"
    fi
} | sed -n 's|^/|programs=/|p'

for place; do
    if [ ! -e "$place" ]; then
        continue
    elif grep -qxF "$marker" "$place"; then
        printf 'own=%s\n' "$place"
    else
        printf 'strange=%s\n' "$place"
    fi
done
entries "$directory" | sed 's/^/files=/'
for place in "${directory%/*}" "${home%/*}"; do
    # Whether there is no other schedule
    if [ -d "$place" ] && ! entries "$place" | grep -vxF "$name" >/dev/null; then
        printf 'last=%s\n' "$place"
    fi
done
true

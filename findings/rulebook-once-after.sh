#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-rulebook 1.3.2 (drools_jpy 0.4.1): what an action is given by a throttle of once_after with
# group_by_attributes: [event.host].
#
# One would guess: one action for each host, with `event`, the last one of the window.
# Seen: hosts that have events in the same window share ONE action, which has `events` and no `event`. A host that is
# alone there has `event`, and that is the FIRST of the window: what came later is only counted.
#
#   ALONE event=first of web events=undefined in_window=3
#   TOGETHER event=undefined events=first of chat, first of web
#
# Needs Java 17 and Python 3.12 to 3.14 (PYTHON names another than python3). Fetches the packages named below into a
# folder of its own, takes two minutes, and exits with 1 if it sees anything else.
# Usage: findings/rulebook-once-after.sh
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
cd "$place"
venv/bin/pip install --quiet --disable-pip-version-check ansible-core==2.21.5 ansible-rulebook==1.3.2 drools_jpy==0.4.1
PATH=$place/venv/bin:$PATH

cat >rulebook.yml <<'END'
- name: alone
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {host: web, text: first of web}
          - {host: web, text: second of web}
          - {host: web, text: third of web}
        event_delay: 0.2
        shutdown_after: 8
  rules:
    - name: after a while
      condition: event.host is defined
      throttle: {once_after: 2 seconds, group_by_attributes: [event.host]}
      action:
        debug:
          msg: "ALONE event={{ event.text | default('undefined') }} events={{ events | default('undefined') }}
            in_window={{ event.meta.rule_engine.events_in_window }}"
- name: together
  hosts: all
  sources:
    - eda.builtin.generic:
        payload:
          - {host: web, text: first of web}
          - {host: chat, text: first of chat}
        event_delay: 0.2
        shutdown_after: 8
  rules:
    - name: after a while
      condition: event.host is defined
      throttle: {once_after: 2 seconds, group_by_attributes: [event.host]}
      action:
        debug:
          msg: "TOGETHER event={{ event | default('undefined') }}
            events={{ events.values() | map(attribute='text') | sort | join(', ') }}"
END
ansible-rulebook --rulebook rulebook.yml --shutdown-delay 1 >output 2>&1
grep -E '^(ALONE|TOGETHER) ' output | sort >seen || true
cat >expected <<'END'
ALONE event=first of web events=undefined in_window=3
TOGETHER event=undefined events=first of chat, first of web
END
cat seen
diff expected seen || { echo "This is not what was seen before. All of the output:" && cat output && exit 1; } >&2

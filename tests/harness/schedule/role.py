# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role schedule, applied to a machine that is thrown away.

with scheduler(tmp_path, backend="cron") as schedule:
    schedule.inventory(chat={…})                          # app.cluster.yml, which it schedules
    schedule.apply(schedule_interval=120).ok()
    changed(schedule.apply())                             # how many tasks changed something
    schedule.host.written()

service = Service(schedule.host, "selfheal")              # what systemd would run, as systemd would run it
process = service.start()
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.ansible.command import Ansible, Run
from tests.harness.erlang.beam import Beam
from tests.harness.paths import ROOT
from tests.harness.schedule.machine import ANSIBLE_PLAYBOOK, AS_NOBODY, Machine, machine

SCHEDULE = "selfheal.cluster.schedule"
SECRET = "a-cookie-that-nobody-may-see"
_UNITS = "/etc/systemd/system"
_NOBODY = "65534"


class Scheduler:
    def __init__(self, ansible: Ansible, host: Machine, **options: Any) -> None:
        self.ansible = ansible
        self.host = host
        self.file = ansible.home / "app.cluster.yml"
        self._options = {
            "schedule_ansible_playbook": ANSIBLE_PLAYBOOK,
            "schedule_collections_path": str(ROOT / ".build" / "collections"),
            "schedule_inventories": [str(self.file)],
            "schedule_systemd_start": False,
            **options,
        }

    def inventory(self, **topologies: Any) -> Path:
        self.host.write(self.file, json.dumps({"plugin": "selfheal.cluster.nodes", "topologies": topologies}))
        return self.file

    def apply(self, *arguments: str, **options: Any) -> Run:
        """The playbook, with the options of the schedule and these, of which None means left out."""
        given = {key: value for key, value in {**self._options, **options}.items() if value is not None}
        return self.ansible.playbook(SCHEDULE, "--extra-vars", json.dumps(given), *arguments)


@contextmanager
def scheduler(directory: Path, **options: Any) -> Iterator[Scheduler]:
    """Options are those of the role, without ``schedule_``."""
    ansible = Ansible(directory, PYTHONDONTWRITEBYTECODE="1")
    with machine(ansible) as host:
        host.install_ansible()
        yield Scheduler(ansible, host, **{f"schedule_{name}": value for name, value in options.items()})


def changed(run: Run) -> int:
    """How many tasks of a run that succeeded changed something, or would."""
    (count,) = re.findall(r"^localhost .*changed=(\d+)", run.ok().stdout, re.MULTILINE)
    return int(count)


def of_nodes(nodes: Sequence[Beam], **driver_config: Any) -> dict[str, Any]:
    """A topology whose cookie is a secret of the schedule."""
    return {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {
            "cookie_file": "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE_FILE') }}",
            "port": nodes[0].port,
            **driver_config,
        },
    }


class Service:
    """A unit as it is written, of which everything is done that needs no systemd: user, credentials, directories."""

    def __init__(self, host: Machine, name: str) -> None:
        self._host = host
        self._credentials = f"/run/credentials/{name}.service"
        text = host.read(f"{_UNITS}/{name}.service").replace("\\\n", " ")
        self.lines = [tuple(line.split("=", 1)) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line)]

    def all(self, key: str) -> list[str]:
        return [value for name, value in self.lines if name == key]

    def one(self, key: str) -> str:
        (value,) = self.all(key)
        return value

    @property
    def command(self) -> list[str]:
        return [word.replace("$$", "$") for word in self._words("ExecStart")]

    @property
    def environment(self) -> dict[str, str]:
        given = dict(word.split("=", 1) for word in self._words("Environment"))
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", **given}

    def start(self) -> subprocess.Popen[str]:
        assert self.one("DynamicUser") == "yes"
        self._give(f"/run/{self.one('RuntimeDirectory')}", self.one("RuntimeDirectoryMode"))
        for credential in self.all("LoadCredential"):
            name, path = credential.split(":", 1)
            self._host.write(f"{self._credentials}/{name}", self._host.read(path))
            self._give(f"{self._credentials}/{name}", "400")
        return self._host.start(*AS_NOBODY, *self.command, environment=self.environment)

    def _give(self, path: str, mode: str) -> None:
        make = ["install", "-d", path] if path.startswith("/run/selfheal") else ["true"]
        for command in (make, ["chown", f"{_NOBODY}:{_NOBODY}", path], ["chmod", mode, path]):
            done = self._host.run(*command)
            assert done.returncode == 0, done.stdout

    def _words(self, key: str) -> list[str]:
        words = [word for value in self.all(key) for word in shlex.split(value)]
        return [re.sub("%[dt%]", lambda found: self._specifiers[found[0]], word) for word in words]

    @property
    def _specifiers(self) -> dict[str, str]:
        return {"%d": self._credentials, "%t": "/run", "%%": "%"}

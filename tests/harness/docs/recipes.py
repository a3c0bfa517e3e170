# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of the guide, run as their readers run them, on real nodes.

recipe = Recipe(ansible, tmp_path, "group", nodes)        # a copy of docs/examples/group
recipe.replace("10.0.0.1", nodes[0].address)              # what readers replace by their own
recipe.converges(nodes[:3])
recipe.fails("what the run says")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE

from tests.harness.ansible.command import Ansible, Run
from tests.harness.erlang.beam import COOKIE, Beam, is_whole, write_cookie
from tests.harness.erlang.clusters import forget, lost
from tests.harness.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"
_CONVERGE = "selfheal.cluster.converge"
_MEMBERSHIP = "selfheal.cluster.membership"
_INVENTORIES = ("hosts.yml", "chat.aws_ec2.yml", "chat.cluster.yml")


class Recipe:
    def __init__(self, ansible: Ansible, directory: Path, name: str, nodes: Sequence[Beam], **environment: str) -> None:
        """
        :param nodes: those that no run may do harm to, all of them alone.
        """
        self.directory = directory / name
        self._ansible = ansible
        self._nodes = nodes
        self._environment = environment
        self.directory.mkdir()
        for file in (EXAMPLES / name).iterdir():
            (self.directory / file.name).write_text(file.read_text())
        if (self.directory / "ansible.cfg").exists():
            self._environment["ANSIBLE_CONFIG"] = str(self.directory / "ansible.cfg")
        self.replace("/etc/chat/cookie", str(write_cookie(directory, COOKIE)))
        self.replace("9100", str(nodes[0].port))

    def replace(self, old: str, new: str) -> None:
        """In each of its files that has it, of which there is one at least."""
        files = [file for file in self.directory.iterdir() if old in file.read_text()]
        assert files, f"{old} is nowhere in the recipe"
        for file in files:
            file.write_text(file.read_text().replace(old, new))

    def run(self, *playbook: str) -> Run:
        """Its own playbook, else that of the collection on its inventories."""
        playbook = playbook or ((str(self.directory / "chat.yml"),) if self._has("chat.yml") else (_CONVERGE,))
        sources = [
            argument for name in _INVENTORIES if self._has(name) for argument in ("-i", str(self.directory / name))
        ]
        return self._ansible.playbook(*playbook, *sources, **self._environment)

    def converges(self, to: Sequence[Beam], pruned: Sequence[Beam] = ()) -> dict[str, Any]:
        """The run succeeds, and nobody loses a link to somebody who was not meant to go."""
        forget(self._nodes)
        result = _results(self.run().ok())[-1]
        assert (result["status"], result["converged"]) == (COMPLETE, True), result
        assert {action["node"] for action in result["pruned"]} == {node.name for node in pruned}
        assert is_whole(to)
        assert lost(to, but=pruned) == {}
        return result

    def fails(self, *reasons: str, playbook: tuple[str, ...] = ()) -> Run:
        """The run fails for these reasons, nothing is pruned, and not one link is lost."""
        forget(self._nodes)
        run = self.run(*playbook)
        assert run.code != 0, run.output
        for reason in reasons:
            assert reason in run.text, run.output
        assert not any(result.get("changed") for result in _results(run))
        assert lost(self._nodes) == {}
        return run

    def _has(self, name: str) -> bool:
        return (self.directory / name).exists()


def _results(run: Run) -> list[dict[str, Any]]:
    return [dict(line["result"]) for line in run.results if line["action"] == _MEMBERSHIP]

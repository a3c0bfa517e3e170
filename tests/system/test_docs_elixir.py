# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about Elixir, word by word: its release is built, started three times and made a cluster.

Addresses and the path of the cookie are other ones. There is no hex.pm, so a node makes the calls of libcluster and of
dns_cluster itself.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.harness.ansible.command import Ansible
from tests.harness.docs.code_blocks import SHELL, guide
from tests.harness.erlang.beam import COOKIE
from tests.harness.loopback import loopback_addresses
from tests.harness.waiting import wait_until

MEMBERSHIP = "selfheal.cluster.membership"
START, RPC = "bin/chat start", "bin/chat rpc"
CALLS = """
spawn(fn ->
  Process.register(self(), :calls)
  for round <- Stream.iterate(1, &(&1 + 1)) do
    names = for name <- ~w[{names}], do: String.to_atom(name)
    for name <- names -- [Node.self() | Node.list(:visible)], do: Node.connect(name)
    for name <- names -- [Node.self() | :erlang.nodes(:connected)], do: :net_kernel.connect_node(name)
    :persistent_term.put(:rounds, round)
    Process.sleep(50)
  end
end)
"""
"""What dns_cluster does every 5 seconds, and what libcluster does, with these names as their source's list."""
WATCH = """
spawn(fn ->
  Process.register(self(), :watch)
  :net_kernel.monitor_nodes(true)
  lost = fn lost, seen ->
    receive do
      {:nodedown, name} -> lost.(lost, [name | seen])
      {:read, from} -> send(from, {:lost, seen}) && lost.(lost, seen)
      _up -> lost.(lost, seen)
    end
  end
  lost.(lost, [])
end)
"""
LOST = "send(:watch, {:read, self()}); receive do {:lost, names} -> IO.inspect(names) end"


class Page:
    """Its blocks for these addresses, and the folder where they are followed."""

    def __init__(self, place: Path, addresses: Sequence[str]) -> None:
        self._place = place
        self._addresses = addresses
        self._blocks = guide("elixir")
        self._cookie = place / "cookie"
        self._cookie.write_text(COOKIE)
        self._environment = {**os.environ, "HOME": str(place), "LC_ALL": "C.UTF-8"}
        for block in self._blocks:
            if block.file:
                file = place / block.file
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self._here(block.content))

    def commands(self, text: str) -> str:
        """The block of commands that has this text."""
        (found,) = [block for block in self._blocks if block.language in SHELL and text in block.text]
        return self._here(found.text)

    def run(self, script: str) -> str:
        done = subprocess.run(["bash", "-ec", script], **self._process, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    @contextmanager
    def node(self, address: str) -> Iterator[None]:
        """The release as it is started on the machine of this address, until it is killed."""
        script = self.commands(START).replace(self._addresses[0], address)
        nowhere = subprocess.DEVNULL
        with subprocess.Popen(
            ["bash", "-ec", script], **self._process, stdin=nowhere, stdout=nowhere, start_new_session=True
        ) as release:
            try:
                yield
            finally:
                os.killpg(release.pid, signal.SIGKILL)

    def rpc(self, address: str, code: str = "IO.inspect(Node.list())") -> str:
        """What a node prints; by default the command of the page."""
        exports = self.commands(START).splitlines()[0].replace(self._addresses[0], address)
        command = re.sub(r"rpc .*", r'rpc "$CODE"', self.commands(RPC))
        return self.run(f"CODE=$(cat <<'END'\n{code}\nEND\n)\n{exports}\n{command}")

    def answers(self, address: str) -> bool:
        exports = self.commands(START).splitlines()[0].replace(self._addresses[0], address)
        script = f"{exports}\n{self.commands(RPC)}"
        return (
            subprocess.run(["bash", "-ec", script], **self._process, capture_output=True, check=False).returncode == 0
        )

    def peers(self, address: str) -> set[str]:
        return set(re.findall(r"chat@[\d.]+", self.rpc(address)))

    @property
    def _process(self) -> Mapping[str, object]:
        return {"cwd": self._place, "env": self._environment, "text": True}

    def _here(self, text: str) -> str:
        for number, address in enumerate(self._addresses, start=1):
            text = text.replace(f"10.0.0.{number}", address)
        return text.replace("/etc/chat/cookie", str(self._cookie))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_word_by_word(ansible: Ansible, tmp_path: Path) -> None:
    addresses = loopback_addresses(3)
    names = [f"chat@{address}" for address in addresses]
    page = Page(tmp_path, addresses)
    inventory = tmp_path / "chat.cluster.yml"

    def converge() -> Mapping[str, object]:
        words = page.commands("ansible-playbook").split()
        return ansible.run(words[0], *words[1:]).ok().of("chat", MEMBERSHIP)

    page.run(page.commands("mix release"))
    with ExitStack() as stack:
        for address in addresses:
            stack.enter_context(page.node(address))
        for address in addresses:
            wait_until(lambda address=address: page.answers(address), 120, f"the release on {address}")
        assert converge()["changed"] is True
        for address, name in zip(addresses, names):
            assert page.peers(address) == {*names} - {name}

        page.rpc(addresses[0], WATCH)
        page.rpc(addresses[0], CALLS.format(names=" ".join(names[:2])))
        assert converge()["changed"] is False
        assert page.rpc(addresses[0], LOST).strip() == "[]"
        inventory.write_text(inventory.read_text().replace(f", {names[2]}]", "]"))
        assert converge()["pruned"] == [{"observer": names[2], "node": names[2]}]
        rounds = "IO.inspect(:persistent_term.get(:rounds))"
        before = int(page.rpc(addresses[0], rounds))
        wait_until(lambda: int(page.rpc(addresses[0], rounds)) > before + 5, 60, "more calls")
        assert page.peers(addresses[0]) == {names[1]}
        assert page.rpc(addresses[0], LOST).strip() == f'[:"{names[2]}"]'
        assert page.peers(addresses[2]) == set()

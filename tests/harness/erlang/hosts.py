# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with a network of their own, each with its own epmd on the usual port and one node.

    with network(3, 2) as net:                    # two sites, three hosts and two
        with hosts(net) as nodes:                 # app@10.64.0.1 … app@10.64.1.2, each alone
            net.converge(nodes)                   # the round, run on the controller's host
            net.cut()                             # no packet gets from one site to the other
            net.mend()

The controller's host is the router between the hosts, so that a cut leaves it with a way to each of them. A network
lasts as long as the processes that hold it open, and they last as long as this one: no process and no
namespace stays behind, whatever happens. It takes no root where users may make namespaces.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, running, write_cookie
from tests.harness.erlang.clusters import outcome, topology
from tests.harness.paths import ROOT
from tests.harness.pipes import pipe
from tests.harness.waiting import wait_until

_SITE = {4: "10.64.{site}.{number}", 6: "fd00:64:{site}::{number}"}
_WHOLE_SITE = {4: "10.64.{site}.0/24", 6: "fd00:64:{site}::/64"}
_GATEWAY = {4: "10.64.255.1", 6: "fe80::1"}
_GATEWAY_NETWORK = {4: 32, 6: 64}
_NOW = {4: "", 6: "nodad"}


class Namespace:
    """A network namespace, held open by a process that ends when its input does."""

    prefix: list[str]
    """Of a command that runs in it."""

    def __init__(self, within: Namespace | None = None) -> None:
        as_user = os.geteuid() != 0
        command = [*within.prefix] if within else []
        command += ["unshare", "--net", *(["--user", "--map-root-user"] if as_user and not within else [])]
        self._holder = subprocess.Popen(
            [*command, "sh", "-c", "echo made; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.pid = self._holder.pid
        if pipe(self._holder.stdout).readline() != b"made\n":
            problem = self._holder.communicate()[1].decode(errors="replace").strip()
            raise RuntimeError(
                f"cannot make a network namespace: {problem}. These tests need to run as root (in a container: with"
                " CAP_SYS_ADMIN and CAP_NET_ADMIN), or as a user who may make user namespaces"
                " (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone or"
                " kernel.apparmor_restrict_unprivileged_userns)"
            )
        users = ["--user", "--preserve-credentials"] if as_user else []
        self.prefix = ["nsenter", "--target", str(self.pid), *users, "--net", "--"]

    def ip(self, family: int, *lines: str) -> None:
        """Lines of ``ip -batch``; :raises RuntimeError: one of them failed."""
        self._run(["ip", f"-{family}", "-batch", "-"], "\n".join(lines))

    def set(self, **settings: int) -> None:
        """Of /proc/sys/net, with a double underscore for each slash."""
        for name, value in settings.items():
            self._run(["tee", f"/proc/sys/net/{name.replace('__', '/')}"], f"{value}\n")

    def python(
        self, arguments: Sequence[str], order: Mapping[str, Any], home: Path, timeout: float = 120
    ) -> dict[str, Any]:
        """Run Python in it, which reads the order and prints its answer, each as JSON.

        :raises RuntimeError: it failed.
        """
        done = subprocess.run(
            [*self.prefix, sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / ".build" / "collections"), "HOME": str(home)},
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed: {done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def close(self) -> None:
        self._holder.kill()
        self._holder.communicate()

    def _run(self, command: Sequence[str], text: str) -> None:
        done = subprocess.run([*self.prefix, *command], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr.strip()}: {text}")


class Host(Namespace):
    """One host and its line to the router."""

    def __init__(self, router: Namespace, site: int, number: int, family: int) -> None:
        super().__init__(within=router)
        self.address = _SITE[family].format(site=site, number=number)
        port = f"port{site}-{number}"
        gateway, network, now = _GATEWAY[family], _GATEWAY_NETWORK[family], _NOW[family]
        router.ip(
            family,
            f"link add name {port} type veth peer name eth0 netns {self.pid}",
            f"link set {port} up",
            f"address add {gateway}/{network} dev {port} {now}",
            f"route add {self.address} dev {port}",
        )
        self.ip(
            family,
            "link set lo up",
            "link set eth0 up",
            f"address add {self.address} dev eth0 {now}",
            f"route replace {gateway} dev eth0",
            f"route add default via {gateway} dev eth0",
        )


class Network:
    """``sites``: the hosts of each."""

    def __init__(self, stack: ExitStack, sizes: Sequence[int], family: int) -> None:
        self.family = family
        self._router = Namespace()
        stack.callback(self._router.close)
        self._router.ip(6, "link set lo up", "address add fd00:64:255::1 dev lo nodad")
        self._router.set(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        self.sites: list[list[Host]] = []
        for site, size in enumerate(sizes):
            self.sites.append([])
            for number in range(1, size + 1):
                host = Host(self._router, site, number, family)
                stack.callback(host.close)
                self.sites[-1].append(host)

    @property
    def hosts(self) -> list[Host]:
        return [host for site in self.sites for host in site]

    def cut(self) -> None:
        """From now on packets from one site to another go nowhere."""
        self._router.ip(self.family, *self._rules("add"))

    def mend(self) -> None:
        self._router.ip(self.family, *self._rules("del"))

    def _rules(self, verb: str) -> list[str]:
        whole = [_WHOLE_SITE[self.family].format(site=site) for site in range(len(self.sites))]
        return [f"rule {verb} from {one} to {other} blackhole" for one in whole for other in whole if one != other]

    def converge(self, nodes: Sequence[Beam | str], **options: Any) -> dict[str, Any]:
        """The result of ``membership`` run by the controller on its own host; for ``options`` see
        :func:`tests.harness.erlang.clusters.topology`."""
        return self._controller("converge", nodes, options)

    def inspect(self, nodes: Sequence[Beam | str], **options: Any) -> dict[str, Any]:
        """That of ``membership_info``."""
        return self._controller("inspect", nodes, options)

    def _controller(self, what: str, nodes: Sequence[Beam | str], options: dict[str, Any]) -> dict[str, Any]:
        names = [node if isinstance(node, str) else node.name for node in nodes]
        with tempfile.TemporaryDirectory(prefix="controller-") as home:
            cookie_file = str(write_cookie(Path(home), COOKIE))
            options["driver_config"] = {"cookie": None, "cookie_file": cookie_file, **options.pop("driver_config", {})}
            order = {"what": what, "names": names, "options": options}
            return self._router.python(["-m", "tests.harness.erlang.hosts"], order, Path(home))


@contextmanager
def network(*sizes: int, family: int = 4) -> Iterator[Network]:
    """Sites of so many hosts each, with addresses of IPv4 or IPv6."""
    with ExitStack() as stack:
        yield Network(stack, sizes, family)


@contextmanager
def hosts(net: Network, *arguments: str, interface: str | None = None) -> Iterator[list[Beam]]:
    """On each host an epmd, and a node that is alone; ``arguments`` are those of ``erl``."""
    with ExitStack() as stack:
        for host in net.hosts:
            # Unlike the other processes it reads no input that ends with us.
            command = [*host.prefix, "setpriv", "--pdeathsig", "KILL", "epmd"]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)

        def start(home: Path) -> Iterator[Beam]:
            for host in net.hosts:
                wait_until(partial(_has_epmd, host), 30, f"epmd on {host.address}")
                yield Beam(
                    f"{BASENAME}@{host.address}",
                    host.address,
                    home,
                    port=None,
                    arguments=("-start_epmd", "false", *arguments),
                    prefix=host.prefix,
                    interface=interface,
                )

        yield stack.enter_context(running(start))


def _has_epmd(host: Host) -> bool:
    done = subprocess.run([*host.prefix, "epmd", "-names"], capture_output=True, check=False)
    return done.returncode == 0


def _main() -> None:
    """The controller: it reads what to do and writes the result."""
    order = json.load(sys.stdin)
    wanted = topology(order["names"], None, **order["options"])
    json.dump(outcome(wanted, inspects=order["what"] == "inspect"), sys.stdout)


if __name__ == "__main__":
    _main()

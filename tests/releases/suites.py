# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases are tried, and what with: those of the tests that are about the software.

A suite is named, and so is the series that it has. The version is found; one of another series is tried as well, and
the series that was named is then told as not tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_MESH = (
    "tests/system/test_converge_erlang.py",
    "tests/system/test_converge_tls.py",
    "tests/system/test_fence.py",
    "tests/faults/test_members.py",
)
_ANSWERS = "tests/releases/test_answers.py::test_"
_ANSIBLE = (
    "tests/system/test_discover_and_converge.py",
    "tests/system/test_inventory.py",
    "tests/system/test_modules.py",
    "tests/system/test_playbooks.py",
    "tests/system/test_role.py",
)


@dataclass(frozen=True)
class Software:
    """What is tried of it.

    :param packages: the first one says the version.
    :param programs: what the tests start; each has to come from the release.
    :param tests: as pytest takes them.
    :param environment: what the tests are told besides.
    """

    name: str
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    story: str
    tests: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


_DNS = ("tests/system/test_dns.py", "tests/system/test_dns_srv.py")
_STARTS = "installs, starts and answers"
SOFTWARE = {
    software.name: software
    for software in (
        Software(
            "Erlang/OTP",
            ("erlang-base", "erlang-ssl"),
            ("erl", "epmd"),
            "a split healed, join, prune without a lost link, black holes, TLS, fence, faults of members",
            (f"{_ANSWERS}otp", *_MESH),
        ),
        Software(
            "RabbitMQ",
            ("rabbitmq-server",),
            ("erl", "rabbitmqctl"),
            "detected: nobody leaves or joins by link",
            ("tests/system/test_member_tables.py",),
        ),
        Software(
            "ejabberd",
            ("ejabberd",),
            ("erl", "ejabberdctl"),
            "join, leave, a dead member, a lost database, partition, split",
            ("tests/system/test_ejabberd.py",),
        ),
        Software(
            "Serf",
            ("serf",),
            ("serf",),
            "driver exec: islands merged, join, a failed agent pruned, a hung agent",
            ("tests/system/test_exec_serf.py",),
        ),
        Software("Knot", ("knot",), ("knotd",), "strategies dns and dns_srv", _DNS),
        Software("BIND", ("bind9",), ("named",), "strategies dns and dns_srv", _DNS, {"TEST_NAMESERVER": "named"}),
        Software("etcd", ("etcd-server",), ("etcd",), _STARTS, (f"{_ANSWERS}etcd",)),
        Software("Valkey", ("valkey-server", "valkey-tools"), ("valkey-server",), _STARTS, (f"{_ANSWERS}valkey",)),
        Software("Redis", ("redis-server", "redis-tools"), ("redis-server",), _STARTS, (f"{_ANSWERS}redis",)),
        Software("Elixir", ("elixir",), ("elixir",), "its nodes are joined", (f"{_ANSWERS}elixir",)),
        Software(
            "ansible-core", ("ansible-core",), ("ansible-playbook",), "modules, inventory, playbooks, role", _ANSIBLE
        ),
    )
}


@dataclass(frozen=True)
class Suite:
    """Of Debian, unless it is PyPI.

    :param series: of each software in it, as the beginning of a version.
    """

    name: str
    title: str
    series: dict[str, str]


PYPI = "pypi"
SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            "trixie",
            "Debian 13 (trixie), stable",
            {
                "Erlang/OTP": "27",
                "RabbitMQ": "4.0",
                "ejabberd": "24.12",
                "Serf": "0.10",
                "Knot": "3.4",
                "BIND": "9.20",
                "etcd": "3.5",
                "Valkey": "8.1",
                "Redis": "8.0",
            },
        ),
        Suite(
            "forky",
            "Debian 14 (forky), testing",
            {
                "Erlang/OTP": "29",
                "RabbitMQ": "4.3",
                "ejabberd": "26.07",
                "Serf": "0.10",
                "Knot": "3.5",
                "BIND": "9.20",
                "etcd": "3.5",
                "Valkey": "9.1",
                "Redis": "8.0",
                "Elixir": "1.20",
            },
        ),
        Suite(PYPI, "PyPI, with release candidates", {"ansible-core": "2.22"}),
    )
}


def belongs(version: str, series: str) -> bool:
    """Whether a version is one of a series: 4.0.5 is one of 4.0, and 4.01 is not."""
    return (version + ".").startswith(series + ".") or version.startswith((series + "~", series + "rc"))

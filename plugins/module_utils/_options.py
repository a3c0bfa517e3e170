# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a strategy or a driver declares its options and what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_basename

Spec = Mapping[str, Mapping[str, Any]]
"""An argument spec, as Ansible has it."""

CALLS = ("connect", "disconnect", "list_nodes")
FENCE = "fence"
A_DAY = 86400


def any_value(option: str, value: Any) -> None:
    """Accept it."""


@dataclass(frozen=True)
class Option:
    """One option. One with neither ``default`` nor ``required`` may be left unset.

    ``type``, ``elements``, ``no_log`` and ``options`` are those of an argument spec, and the same in all strategies, or
    all drivers, that have an option of this name. ``check`` takes the path of the option and its value, and raises
    :class:`OptionError` if the value is out of its range.
    """

    type: str = "str"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    elements: Optional[str] = None
    no_log: bool = False
    options: Optional[Spec] = None
    may_be_empty: bool = False
    check: Callable[[str, Any], object] = any_value

    @property
    def spec(self) -> dict[str, Any]:
        """Its entry in an argument spec."""
        entry = {"elements": self.elements, "no_log": self.no_log, "options": self.options}
        return {"type": self.type, **{key: value for key, value in entry.items() if value}}


def port(default: Optional[int] = None) -> Option:
    return Option("int", default, check=_check_port)


def count(default: int) -> Option:
    return Option("int", default, check=_check_positive)


def seconds(default: float) -> Option:
    return Option("float", default, check=_check_positive)


def basename() -> Option:
    """The part of all nodes' names before the ``@``."""
    return Option(check=check_basename)


def _check_port(option: str, value: int) -> None:
    if not 0 < value < 65536:
        raise OptionError(option, f"{value!r} is not a port")


def _check_positive(option: str, value: float) -> None:
    if not 0 < value <= A_DAY:
        raise OptionError(option, f"{value!r} is not more than 0 and up to {A_DAY}")


@dataclass(frozen=True)
class Options:
    """The options of one strategy or driver, in the order in which their values are checked."""

    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.options)

    @property
    def spec(self) -> dict[str, dict[str, Any]]:
        return {name: option.spec for name, option in self.options.items()}

    def own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that are of its options."""
        return {name: value for name, value in values.items() if name in self.options}


def as_given(config: dict[str, Any]) -> dict[str, Any]:
    """Accept them."""
    return config


def any_source(config: Mapping[str, Any], strategy: str, options: StrategyOptions) -> None:
    """Accept the source, whichever it is."""


def never(config: Mapping[str, Any]) -> bool:
    """Say no of any options."""
    return False


@dataclass(frozen=True)
class StrategyOptions(Options):
    """What a strategy takes, and what its source can do.

    together: takes the whole ``config``, checks what depends on several options, and fills in what follows from them.
    authoritative: it can list every node, so that a node which a complete answer lacks may be pruned.
    watchable: it reports changes by itself, so that it need not be polled.
    has_ttl: its answers have a time to live.
    samples: a complete answer may have only some of the members, so that a live one has to be missing for minutes.
    has_witness: whether a discovery that confirms another one asks a second witness, see ``Discovery.still_running``.
    asks_kubernetes: ``config`` says how to reach an API server of Kubernetes, which forwards ports to the nodes.
    """

    together: Callable[[dict[str, Any]], dict[str, Any]] = as_given
    authoritative: bool = True
    watchable: bool = False
    has_ttl: bool = False
    samples: bool = False
    has_witness: Callable[[Mapping[str, Any]], bool] = never
    asks_kubernetes: bool = False


@dataclass(frozen=True)
class DriverOptions(Options):
    """What a driver takes.

    erlang_names: every node's name must have the form ``<base>@<host>``.
    takes: which of CALLS and FENCE it supports. What it does not take is an error.
    instead: option -> the options, those of ``takes`` among them, that cannot be combined with it.
    other_driver: the option whose value names the driver that is meant, an old name for it.
    own_way: values of CALLS that mean the driver's own way, as if left out.
    check_source: takes ``driver_config`` and the strategy's name and options, and raises :class:`OptionError` where the
        one does not go with the other.
    """

    erlang_names: bool = False
    takes: tuple[str, ...] = ()
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other_driver: Optional[str] = None
    own_way: Mapping[str, list[Any]] = field(default_factory=dict)
    check_source: Callable[[Mapping[str, Any], str, StrategyOptions], None] = any_source

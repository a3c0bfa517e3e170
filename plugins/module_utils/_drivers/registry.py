# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of all drivers, as ``_strategies/registry.py`` is of the strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.selfheal.cluster.plugins.module_utils._options import DriverOptions
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

if TYPE_CHECKING:  # who asks for options alone does not need it
    from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver

NAMES = ("erlang", "ejabberd", "exec")


def driver_for(topology: Topology) -> Driver:
    """The topology's driver. It has opened no connection yet.

    :raises OptionError: an option turns out to be wrong only when it is used, such as a cookie file.
    """
    if topology.driver == "erlang":
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang import driver as erlang

        return erlang.ErlangDriver(topology)
    if topology.driver == "ejabberd":
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd import driver as ejabberd

        return ejabberd.EjabberdDriver(topology)
    if topology.driver == "exec":
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec import driver as exec_driver

        return exec_driver.ExecDriver(topology)
    raise ValueError(topology.driver)


def options_of(driver: str) -> DriverOptions:
    """What the driver takes. It loads nothing else of the driver."""
    if driver == "erlang":
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang import options as erlang

        return erlang.OPTIONS
    if driver == "ejabberd":
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd import options as ejabberd

        return ejabberd.OPTIONS
    if driver == "exec":
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec import options as exec_driver

        return exec_driver.OPTIONS
    raise ValueError(driver)

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of all drivers whose members are nodes of Erlang."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_node_name
from ansible_collections.selfheal.cluster.plugins.module_utils._options import (
    Option,
    Spec,
    StrategyOptions,
    count,
    port,
    seconds,
)

PORT_FORWARD = "port_forward"
TLS_SPEC: Spec = {
    "ca_cert": {"type": "path"},
    "check_hostname": {"type": "bool", "default": True},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}
BEAM: Mapping[str, Option] = {
    "cookie": Option(no_log=True),
    "cookie_file": Option("path"),
    "epmd_port": port(4369),
    "node_name": Option(check=check_node_name),
    "parallel": count(64),
    "port": port(),
    "timeout": seconds(5.0),
    "tls": Option("dict", options=TLS_SPEC),
    "transport": Option(default="direct", choices=("direct", PORT_FORWARD)),
}


def check_source(config: Mapping[str, Any], strategy: str, options: StrategyOptions) -> None:
    """
    :raises OptionError: the transport does not lead to the nodes of this strategy.
    """
    if config["transport"] == PORT_FORWARD and not options.asks_kubernetes:
        raise OptionError(
            "driver_config.transport",
            "'port_forward' goes through the API server that strategy 'kubernetes' asks, and the strategy is "
            f"{strategy!r}: use strategy 'kubernetes', or transport 'direct'",
        )

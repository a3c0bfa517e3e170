# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of strategy ``kubernetes``."""

from __future__ import annotations

import re
from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._options import (
    Option,
    StrategyOptions,
    basename,
    count,
    seconds,
)

_LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PODS = "pods"


def _check_label_key(option: str, value: str) -> None:
    if not _LABEL_KEY.fullmatch(value):
        raise OptionError(option, f"{value!r} is not the key of a label")


def _together(config: dict[str, Any]) -> dict[str, Any]:
    if config["namespace"] and config["namespaces"]:
        raise OptionError("config.namespaces", "give namespace or namespaces, not both")
    if config["node_basename"] and config["node_basename_label"]:
        raise OptionError("config.node_basename_label", "give node_basename or node_basename_label, not both")
    if config["mode"] == "hostname" and config["lookup"] == _PODS and not config["service_name"]:
        raise OptionError("config.service_name", "is required by mode 'hostname' with lookup 'pods'")
    if config["include_not_ready"] is None:
        return {**config, "include_not_ready": config["lookup"] == _PODS}
    return config


def _has_witness(config: Mapping[str, Any]) -> bool:
    return bool(config["lookup"] != _PODS)


OPTIONS = StrategyOptions(
    {
        "api_key": Option(no_log=True),
        "ca_cert": Option("path"),
        "cluster_domain": Option(default="cluster.local"),
        "context": Option(),
        "field_selector": Option(),
        "host": Option(),
        "include_not_ready": Option("bool"),
        "kubeconfig": Option("path"),
        "lookup": Option(default="endpoint_slices", choices=("endpoint_slices", "endpoints", _PODS)),
        "mode": Option(default="ip", choices=("ip", "dns", "hostname")),
        "namespace": Option(),
        "namespaces": Option("list", elements="str"),
        "node_basename": basename(),
        "node_basename_label": Option(check=_check_label_key),
        "page_size": count(500),
        "selector": Option(),
        "service_name": Option(),
        "timeout": seconds(10.0),
        "validate_certs": Option("bool"),
    },
    together=_together,
    watchable=True,
    has_witness=_has_witness,
    asks_kubernetes=True,
)

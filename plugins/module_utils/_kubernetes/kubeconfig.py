# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a kubeconfig through the kubernetes client, with errors that say what is wrong and never what is secret: the
client's own texts may hold whole entries of the file."""

from __future__ import annotations

import os
import sys
from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, TopologyError


def load_kubeconfig(topology: str, path: str, context: Optional[str], configuration: Any) -> str:
    """Fill ``configuration`` from a kubeconfig. The file is never written to.

    :param path: one path, or several joined as in the variable KUBECONFIG.
    :param context: None for the file's current one.
    :returns: the namespace of the context.
    :raises TopologyError: the file can't be read, is no kubeconfig, or has no such context.
    :raises DiscoveryError: its credential plugin gave no credentials.
    """
    merged = _read(topology, path)
    name = _checked_context(topology, path, context, merged)
    from kubernetes.config import kube_config

    client: Any = kube_config
    try:
        loader = client.KubeConfigLoader(merged, active_context=name, config_base_path=None)
        loader.load_and_set(configuration)
        chosen = loader.current_context["context"]
    except client.ConfigException as error:
        raise _not_a_kubeconfig(topology, path, _without_entries(str(error))) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _not_a_kubeconfig(topology, path, f"{type(error).__name__} in context {name!r}") from None
    except Exception as error:  # the credential plugins of the client raise whatever their libraries raise
        raise DiscoveryError(
            f"the credentials of kubeconfig {path!r} could not be had: {type(error).__name__}"
        ) from None
    _check_plugin(path, merged, chosen.get("user"), configuration)
    return chosen.get("namespace") or "default"


def remove_files() -> None:
    """Those with certificates and keys that the client has written for kubeconfigs; no connection may be in use.

    It removes them itself at the end of Python; Ansible's workers end without one.
    """
    client: Any = sys.modules.get("kubernetes.config.kube_config")
    if client:
        client._cleanup_temp_files()


def _read(topology: str, path: str) -> Any:
    import yaml  # type: ignore[import-untyped]
    from kubernetes.config import kube_config

    client: Any = kube_config
    try:
        for one in filter(None, path.split(os.pathsep)):
            with open(os.path.expanduser(one), "rb"):
                pass
        merged = client.KubeConfigMerger(path).config
    except OSError as error:
        raise TopologyError(topology, "config.kubeconfig", f"{path!r} can't be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise _not_a_kubeconfig(topology, path, f"it is not YAML{place}") from None
    except client.ConfigException as error:
        raise _not_a_kubeconfig(topology, path, _without_entries(str(error))) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _not_a_kubeconfig(topology, path, type(error).__name__) from None
    if merged is None:
        raise _not_a_kubeconfig(topology, path, "it is empty")
    return merged


def _checked_context(topology: str, path: str, context: Optional[str], merged: Any) -> str:
    entries = merged.value.get("contexts") or ()
    names = sorted(str(entry.value["name"]) for entry in entries)
    its = f"(its contexts: {', '.join(names) or 'none'})"
    name = context or merged.value.get("current-context")
    if not name:
        raise TopologyError(
            topology, "config.context", f"is not given, and kubeconfig {path!r} has no current-context {its}"
        )
    if name not in names:
        raise TopologyError(topology, "config.context", f"{name!r} is not in kubeconfig {path!r} {its}")
    return str(name)


def _check_plugin(path: str, merged: Any, user: Optional[str], configuration: Any) -> None:
    """The client only logs that a credential plugin failed, and goes on as nobody."""
    if configuration.auth_settings() or configuration.cert_file:
        return
    for entry in merged.value.get("users") or ():
        settings = entry.value.get("user")
        if entry.value.get("name") == user and isinstance(settings, dict) and settings.get("exec"):
            raise DiscoveryError(
                f"the credential plugin of user {user!r} in kubeconfig {path!r} gave no credentials; "
                "run it by hand to see why"
            )


def _without_entries(text: str) -> str:
    return text.split("{", 1)[0].strip()


def _not_a_kubeconfig(topology: str, path: str, problem: str) -> TopologyError:
    return TopologyError(topology, "config.kubeconfig", f"{path!r} is not a kubeconfig: {problem}")

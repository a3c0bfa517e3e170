# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig -> the kubernetes client's configuration, with errors that are clear and show no secret: the client's
own messages may quote whole entries of the file.

Files, credential plugins and impersonation are handled here, since the client differs from kubectl in them. The client
gets one context without them and does the rest: sign-in providers, and files for certificates inside the kubeconfig.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Mapping, NamedTuple, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.credential_plugin import credentials_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.impersonation import impersonation
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import (
    Chosen,
    KubeconfigSource,
    MalformedError,
    choose,
    not_a_kubeconfig,
    text_in,
)

_PROXY = re.compile(r"(?:https?|socks5h?)://[^\s/?#]+/?")


class Loaded(NamedTuple):
    """The namespace of the context, and the headers to send in addition to those of the client's configuration."""

    namespace: str
    headers: tuple[tuple[str, str], ...]


def load_kubeconfig(source: KubeconfigSource, context: Optional[str], configuration: Any) -> Loaded:
    """Fill ``configuration`` from a kubeconfig. The file is never written to.

    :param context: None for the file's current one.
    :raises OptionError: the file can't be read, is not a kubeconfig, or has no such context.
    :raises DiscoveryError: its credential plugin, or sign-in provider, gave no credentials.
    """
    chosen = choose(source, context)
    whose = f"user {chosen.user_name!r} in {chosen.source}"
    try:
        headers = impersonation(chosen.user, whose)
        proxy = _proxy(chosen.cluster)
        user = _signed_in(chosen, whose)
    except MalformedError as error:
        raise not_a_kubeconfig(chosen.source.paths, str(error)) from None
    _load(chosen, user, configuration)
    configuration.refresh_api_key_hook = None  # it would restore the values of the file
    configuration.tls_server_name = chosen.cluster.get("tls-server-name")
    if proxy:
        # A kubeconfig's proxy is used for every host: NO_PROXY only limits the proxies of the environment.
        configuration.proxy, configuration.no_proxy = proxy, None
    provider = user.get("auth-provider")
    if provider and not configuration.auth_settings() and not configuration.cert_file:
        name = provider.get("name") if isinstance(provider, dict) else None
        raise DiscoveryError(
            f"the auth-provider {name!r} of {whose} gave no credentials; newer clusters have a credential plugin (exec)"
            " in its place"
        )
    return Loaded(chosen.namespace, headers)


def remove_files() -> None:
    """Remove the files with certificates and keys that the client has written. No connection may be in use.

    The client removes them with an atexit handler, which does not run in Ansible's workers.
    """
    client: Any = sys.modules.get("kubernetes.config.kube_config")
    if client:
        client._cleanup_temp_files()


def _proxy(cluster: Mapping[str, Any]) -> str:
    """As kubectl uses it: the host's name is looked up behind a SOCKS proxy, not before it."""
    proxy = text_in(cluster, "proxy-url", "its cluster")
    if proxy and not _PROXY.fullmatch(proxy):
        shown = "(not shown)" if "@" in proxy else repr(proxy)
        raise MalformedError(f"the proxy-url {shown} of its cluster is no URL of http, https or socks5")
    return re.sub("^socks5:", "socks5h:", proxy)


def _signed_in(chosen: Chosen, whose: str) -> dict[str, Any]:
    """The user with the token of its file, or else with the credentials of its plugin, as kubectl chooses."""
    user = dict(chosen.user)
    token = _token(user, whose)
    plugin = user.pop("exec", None)
    if token:
        user["token"] = token
    elif plugin:
        user.update(credentials_of(whose, plugin, chosen.cluster))
    return user


def _token(user: dict[str, Any], whose: str) -> str:
    """The token of the file wins, since that file is kept up to date."""
    token, path = text_in(user, "token", whose), user.pop("tokenFile", None)
    if not path:
        return token
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip() or token
    except (OSError, UnicodeError) as error:
        if token:
            return token
        problem = getattr(error, "strerror", None) or "it is no text"
        raise OptionError(
            "config.kubeconfig", f"{path!r}, the tokenFile of {whose}, can't be read: {problem}"
        ) from None


def _load(chosen: Chosen, user: Mapping[str, Any], configuration: Any) -> None:
    from kubernetes.config import kube_config

    client: Any = kube_config
    paths, name = chosen.source.paths, chosen.context
    one = {
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": dict(chosen.cluster)}],
        "users": [{"name": name, "user": dict(user)}] if user else [],
    }
    try:
        client.KubeConfigLoader(one, active_context=name, config_base_path="").load_and_set(configuration)
    except client.ConfigException as error:
        raise not_a_kubeconfig(paths, _without_entries(str(error))) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise not_a_kubeconfig(paths, f"{type(error).__name__} in context {name!r}") from None
    except Exception as error:  # the sign-in providers of the client raise whatever their libraries raise
        raise DiscoveryError(f"the credentials of {chosen.source} could not be had: {type(error).__name__}") from None


def _without_entries(text: str) -> str:
    return text.split("{", 1)[0].strip()

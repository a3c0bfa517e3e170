# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of the API server and the credentials for it: options and environment -> an ApiConnection.

The options and the K8S_AUTH_* variables are those of kubernetes.core. The first of these that is given is the source:
``host`` with ``api_key``; a kubeconfig (or a context of the default one); ``host`` alone, without any credentials; the
variable KUBECONFIG; the service account of the pod that this runs in; ~/.kube/config. Each option overrides the
source's value.
A variable never mixes the credentials of one API server into a topology that names another: with an own ``host`` only
those about credentials count, with an own ``kubeconfig`` none.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
import traceback
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig import Loaded, load_kubeconfig
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import (
    KubeconfigSource,
    source_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.proxies import is_proxied, pool_through
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.tls import context_of, require_urllib3
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.token_configuration import (
    TokenConfiguration,
    load_service_account,
)

USER_AGENT = "ansible-selfheal.cluster"
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
DEFAULT_KUBECONFIG = "~/.kube/config"
_ENVIRONMENT = {
    "api_key": ("K8S_AUTH_API_KEY",),
    "ca_cert": ("K8S_AUTH_CA_CERT", "K8S_AUTH_SSL_CA_CERT"),
    "context": ("K8S_AUTH_CONTEXT",),
    "host": ("K8S_AUTH_HOST",),
    "kubeconfig": ("K8S_AUTH_KUBECONFIG",),
    "validate_certs": ("K8S_AUTH_VALIDATE_CERTS", "K8S_AUTH_VERIFY_SSL"),
}
_IMPORTING = threading.Lock()
# A header's value must be valid: the error of http.client for an invalid one quotes it, token included.
_CREDENTIAL = re.compile(r"[\x21-\x7e]+( [\x21-\x7e]+)?")


@dataclass(frozen=True)
class ApiConnection:
    """How to send requests to one API server.

    namespace: the one to read when the topology names none.
    configuration: a :class:`TokenConfiguration` or the kubernetes client's, with TLS, client certificate and proxy.
    tls: None with http://.
    pool: a urllib3 pool, made from those two.
    headers: of each request. A name may occur several times.
    secrets: what no message may show.
    """

    host: str
    namespace: str
    configuration: Any = field(repr=False)
    tls: Optional[ssl.SSLContext]
    pool: Any
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def is_basic(self) -> bool:
        """Whether a user name and a password are sent."""
        return dict(self.headers).get("authorization", "").lower().startswith("basic ")

    def headers_for_urllib3(self) -> Any:
        """The headers in a type that allows a name several times, unlike ``dict``."""
        from urllib3._collections import HTTPHeaderDict

        return HTTPHeaderDict(self.headers)

    def namespaces(self, config: Mapping[str, Any]) -> list[str]:
        """The namespaces of the topology's nodes."""
        if config["namespaces"]:
            return list(dict.fromkeys(config["namespaces"]))
        return [config["namespace"] or self.namespace]


def connect(config: Mapping[str, Any]) -> ApiConnection:
    """Prepare a connection. Nothing is sent yet, but a kubeconfig's credential plugin may run.

    :raises OptionError: an option, or the kubeconfig, is wrong.
    :raises DiscoveryError: the kubeconfig's credential plugin gave nothing.
    :raises MissingLibraryError: the kubernetes client, or urllib3, is not installed.
    """
    options = _with_environment(config)
    source = _kubeconfig(options)
    # There are many ways to say for which hosts a proxy is used, and the kubernetes client knows them.
    configuration = _client_configuration() if source or is_proxied(options["host"]) else TokenConfiguration()
    require_urllib3()
    loaded = Loaded("default", ())
    if source:
        loaded = load_kubeconfig(source, options["context"], configuration)
    elif not options["host"]:
        loaded = Loaded(load_service_account(SERVICE_ACCOUNT, configuration), ())
    _override(options, configuration)
    host = _checked_host(configuration.host)
    tls = context_of(configuration) if host.startswith("https:") else None
    credentials = _credentials(configuration)
    return ApiConnection(
        host,
        loaded.namespace,
        configuration,
        tls,
        configuration.pool(tls) if isinstance(configuration, TokenConfiguration) else pool_through(configuration, tls),
        (("Accept", "application/json"), ("User-Agent", USER_AGENT), *credentials.items(), *loaded.headers),
        tuple(part for part in credentials.get("authorization", "").split(" ")[1:] if part),
    )


def _with_environment(config: Mapping[str, Any]) -> dict[str, Any]:
    if config["kubeconfig"]:
        from_environment: tuple[str, ...] = ()
    elif config["host"]:
        from_environment = ("api_key", "ca_cert", "validate_certs")
    elif config["context"]:
        from_environment = ("kubeconfig",)
    else:
        from_environment = tuple(_ENVIRONMENT)
    options: dict[str, Any] = {}
    for option, variables in _ENVIRONMENT.items():
        value = config[option]
        if value is None and option in from_environment:
            value = next((os.environ[variable] for variable in variables if os.environ.get(variable)), None)
            if option == "validate_certs" and value is not None:
                value = value.lower() not in ("0", "false", "no")
        options[option] = value
    return options


def _kubeconfig(options: Mapping[str, Any]) -> Optional[KubeconfigSource]:
    """
    :returns: the kubeconfig files to read; None where ``host`` or the service account of a pod is used.
    """
    if options["host"] and (options["api_key"] or not (options["kubeconfig"] or options["context"])):
        return None
    if options["kubeconfig"]:
        return source_of(options["kubeconfig"], must_exist=True)
    if paths := os.environ.get("KUBECONFIG"):
        return source_of(paths, must_exist=False)
    if not options["context"] and os.path.exists(os.path.join(SERVICE_ACCOUNT, "token")):
        return None
    if not os.path.exists(os.path.expanduser(DEFAULT_KUBECONFIG)):
        raise OptionError(
            "config.kubeconfig",
            f"nothing says where the API server is: no kubeconfig is given, {DEFAULT_KUBECONFIG} is not there, and "
            "this is not a pod with a service account; give kubeconfig, or host and api_key",
        )
    return source_of(DEFAULT_KUBECONFIG, must_exist=True)


def _client_configuration() -> Any:
    """
    :raises MissingLibraryError: the kubernetes client is not installed.
    """
    try:
        # Some of its modules import one another in a circle: a second thread could see them half imported.
        with _IMPORTING:
            from kubernetes.client import Configuration
    except ImportError:
        raise MissingLibraryError("kubernetes", traceback.format_exc()) from None
    # Calling the class itself would copy the process-wide default where somebody has set one.
    configuration = type.__call__(Configuration)
    configuration.tls_server_name = None  # an old client does not know it
    return configuration


def _override(options: Mapping[str, Any], configuration: Any) -> None:
    if options["host"]:
        configuration.host = options["host"]
    if options["api_key"]:
        configuration.api_key = {"authorization": "Bearer " + options["api_key"].strip()}
    if options["ca_cert"]:
        configuration.ssl_ca_cert = _readable("config.ca_cert", options["ca_cert"])
    if options["validate_certs"] is not None:
        configuration.verify_ssl = options["validate_certs"]


def _readable(option: str, path: str) -> str:
    try:
        with open(path, "rb"):
            return path
    except OSError as error:
        raise OptionError(option, f"{path!r} can't be read: {error.strerror}") from None


def _checked_host(host: str) -> str:
    if re.match(r"https?://[^/]*@", host):
        raise OptionError("config.host", "holds credentials (not shown); give a token as api_key")
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", host):
        raise OptionError("config.host", f"{host!r} is not a URL such as 'https://10.0.0.1:6443'")
    return host.rstrip("/")


def _credentials(configuration: Any) -> dict[str, str]:
    setting: Optional[Mapping[str, Any]] = configuration.auth_settings().get("BearerToken")
    if not setting:
        return {}
    value = setting["value"].strip()
    if not _CREDENTIAL.fullmatch(value):
        raise OptionError("config.api_key", "the token (not shown) holds characters that no token has")
    return {"authorization": value}

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to an API server without a kubeconfig or a proxy: a host with a token, or a pod's own service account.

For anything else there is the kubernetes client; importing any part of it takes half a second and 20 MB.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

_ADDRESS = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")


@dataclass
class TokenConfiguration:
    """The attributes of the kubernetes client's ``Configuration`` that this collection uses, under the same names."""

    host: str = ""
    api_key: dict[str, str] = field(default_factory=dict, repr=False)
    verify_ssl: bool = True
    ssl_ca_cert: Optional[str] = None
    ca_cert_data: None = None
    cert_file: None = None
    key_file: None = None
    tls_server_name: None = None
    proxy: None = None

    def auth_settings(self) -> dict[str, Any]:
        value = self.api_key.get("authorization")
        return {"BearerToken": {"value": value}} if value else {}

    def pool(self, tls: Optional[ssl.SSLContext]) -> Any:
        """
        :returns: a pool of urllib3.
        """
        import urllib3

        return urllib3.PoolManager(ssl_context=tls)


def load_service_account(directory: str, configuration: Any) -> str:
    """Fill ``configuration``, this one or the client's, for the service account of the pod that this runs in.

    https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/

    :param directory: where its files are.
    :returns: its namespace.
    :raises OptionError: it is not whole.
    """
    host, port = (os.environ.get(variable) for variable in _ADDRESS)
    if not host or not port:
        raise _not_whole(f"{' or '.join(_ADDRESS)} is not set")
    configuration.host = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    configuration.ssl_ca_cert = os.path.join(directory, "ca.crt")
    _read(configuration.ssl_ca_cert)
    configuration.api_key = {"authorization": f"Bearer {_read(os.path.join(directory, 'token'))}"}
    return _read(os.path.join(directory, "namespace"))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read().strip()
    except (OSError, UnicodeError) as error:
        problem = getattr(error, "strerror", None) or "it is no text"
        raise _not_whole(f"{path} can't be read: {problem}") from None
    if not text:
        raise _not_whole(f"{path} is empty")
    return text


def _not_whole(problem: str) -> OptionError:
    return OptionError("config.kubeconfig", f"none is given, and the pod's service account: {problem}")

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy for an API server: the kubeconfig's, or the environment's, which the kubernetes client reads."""

from __future__ import annotations

import ssl
import traceback
from typing import Any, Optional
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, MissingLibraryError

_NO_URL = (
    "the proxy on the way to the API server (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY of the environment) is no URL such "
    "as http://10.0.0.1:3128"
)


def is_proxied(host: Optional[str]) -> bool:
    """Whether a variable of the environment names a proxy for such a URL. NO_PROXY is not looked at.

    :param host: None for a service account, whose URL begins with https.
    """
    scheme = "http" if (host or "").startswith("http:") else "https"
    return not getproxies().keys().isdisjoint((scheme, "all"))


def pool_through(configuration: Any, tls: Optional[ssl.SSLContext]) -> Any:
    """
    :param configuration: the kubernetes client's, filled.
    :returns: a pool of urllib3.
    :raises MissingLibraryError: the proxy needs a library that is not installed.
    :raises DiscoveryError: the proxy is not a URL.
    """
    import urllib3
    from kubernetes.client import rest

    if configuration.proxy:
        _complete(configuration)
    try:
        pool: Any = rest.RESTClientObject(configuration).pool_manager
    except ImportError:
        raise MissingLibraryError("PySocks", traceback.format_exc()) from None
    except (urllib3.exceptions.HTTPError, ValueError):
        raise DiscoveryError(_NO_URL) from None
    # The TLS context has both already. The authorities stay: a proxy that speaks TLS itself is verified with them.
    for key in ("cert_file", "key_file"):
        pool.connection_pool_kw.pop(key, None)
    pool.connection_pool_kw["ssl_context"] = tls
    if configuration.tls_server_name:
        pool.connection_pool_kw["server_hostname"] = configuration.tls_server_name
    return pool


def _complete(configuration: Any) -> None:
    """Add the scheme where the proxy's URL lacks it, and move its credentials into a header: urllib3 does neither."""
    import urllib3

    if "://" not in configuration.proxy:
        configuration.proxy = f"http://{configuration.proxy}"
    try:
        parts = urlsplit(configuration.proxy)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        raise DiscoveryError(_NO_URL) from None
    if user and parts.scheme in ("http", "https"):
        configuration.proxy_headers = urllib3.util.make_headers(proxy_basic_auth=f"{user}:{password}")

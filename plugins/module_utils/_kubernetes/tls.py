# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS with the API server: one way for lists, watches and port-forwards."""

from __future__ import annotations

import ssl
import traceback
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, MissingLibraryError


def require_urllib3() -> None:
    """:raises MissingLibraryError: it is not installed."""
    try:
        import urllib3
    except ImportError:
        raise MissingLibraryError("urllib3, which comes with kubernetes", traceback.format_exc()) from None
    del urllib3


def context_of(configuration: Any) -> ssl.SSLContext:
    """
    :param configuration: a ``TokenConfiguration`` or the kubernetes client's.
    :raises DiscoveryError: a certificate can't be read.
    """
    from urllib3.util import ssl_

    verified = configuration.verify_ssl
    context: ssl.SSLContext = ssl_.create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verified else ssl.CERT_NONE)
    # What kubectl asks for: the chain, its dates and the host's name. The form of RFC 5280, which urllib3 asks for with
    # Python 3.13, is not that of the authorities that many clusters made for themselves: they have no key identifiers.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # A given certificate is trusted even if another one signed it. Before Python 3.10 the flag has no name.
    context.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
    try:
        _trust(context, configuration)
    except (OSError, ValueError) as error:
        raise _unread("the authority of the API server's certificate", "config.ca_cert", error) from None
    try:
        if configuration.cert_file:
            # With an empty password an encrypted key is an error; without one, OpenSSL would prompt at the terminal.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (OSError, ValueError) as error:
        raise _unread("the client certificate, or its key,", "the kubeconfig's user", error) from None
    return context


def _trust(context: ssl.SSLContext, configuration: Any) -> None:
    data = getattr(configuration, "ca_cert_data", None)
    if configuration.ssl_ca_cert or data:
        context.load_verify_locations(cafile=configuration.ssl_ca_cert, cadata=data)
    elif configuration.verify_ssl:
        context.load_default_certs()


def _unread(what: str, where: str, error: Exception) -> DiscoveryError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    also = " (or the kubeconfig's certificates)" if where == "config.ca_cert" else ""
    return DiscoveryError(f"{what} can't be read: {reason}; check {where}{also}")

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double in the place of a real cluster, for tests that are to run against one: it has no powers over it.

    python -m tests.harness.kubernetes.stand_in KUBECONFIG &    # writes the file once it serves, until SIGTERM
    TEST_KUBECONFIG=KUBECONFIG scripts/test tests/system/test_kubernetes.py

It shows what a test takes for granted, not what a real API server does.
"""

from __future__ import annotations

import base64
import os
import signal
import sys
from pathlib import Path

from tests.harness.kubernetes.control_plane import controlled
from tests.harness.kubernetes.double import kube_api


def main(kubeconfig: Path) -> None:
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with kube_api(client_certificate=True) as api:
        controlled(api)
        assert api.client_certificate
        signed = base64.b64encode(Path(api.client_certificate).read_bytes()).decode()
        being_written = kubeconfig.with_name(f".{kubeconfig.name}")
        user = {"token": api.token, "client-certificate-data": signed, "client-key-data": signed}
        api.kubeconfig(being_written, user=user)
        os.replace(being_written, kubeconfig)
        signal.sigwait(signals)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

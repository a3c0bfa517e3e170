# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that takes no signal away from the main one."""

from __future__ import annotations

import signal

from ansible_collections.selfheal.cluster.plugins.plugin_utils._signal_masked_thread import SignalMaskedThread


def blocked() -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_it_takes_no_signal_and_leaves_them_to_who_started_it() -> None:
    before = blocked()
    inside: list[set[int]] = []
    thread = SignalMaskedThread(target=lambda: inside.append(blocked()))
    thread.start()
    thread.join()
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= inside[0]
    assert blocked() == before
    assert signal.SIGINT not in before
    assert thread.daemon

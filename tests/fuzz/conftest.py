# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Briefly in ``make test``, at length in ``make fuzz``, which sets FUZZ_EXAMPLES."""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import HealthCheck, settings

_BRIEF = 300
_MOST_A_DECODER_MAY_TAKE = timedelta(seconds=2)

settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", _BRIEF)),
    deadline=_MOST_A_DECODER_MAY_TAKE,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)

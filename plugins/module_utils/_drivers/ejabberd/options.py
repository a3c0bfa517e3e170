# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of driver ``ejabberd``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.options import BEAM, check_source
from ansible_collections.selfheal.cluster.plugins.module_utils._options import DriverOptions

OPTIONS = DriverOptions(BEAM, erlang_names=True, check_source=check_source)

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import own_mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError


@pytest.mark.parametrize("value", [["net_kernel"], ["m", "f", "args"], ["m", "", []], [1, "f", []], ["m", "f", [], []]])
def test_what_is_no_mfa_is_said(value: list[Any]) -> None:
    with pytest.raises(OptionError, match=r"\[module, function, \[args\]\]") as error:
        own_mfa("connect", value)
    assert error.value.option == "connect"

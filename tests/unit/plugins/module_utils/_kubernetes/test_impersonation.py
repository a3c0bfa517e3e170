# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""K15: whom a kubeconfig's user acts as. The headers are those that kubectl 1.32 sends."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.impersonation import impersonation
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import MalformedError


def test_nobody() -> None:
    assert impersonation({"token": "x"}, "user 'u'") == ()


def test_all_of_them_each_value_on_its_own() -> None:
    user = {
        "as": "Jane",
        "as-uid": "7",
        "as-groups": ["g1", "g 2, and 3"],
        "as-user-extra": {"Scope s": ["a", "b"], "acme.com/project": ["x"], "50%": ["y"]},
    }
    assert impersonation(user, "user 'u'") == (
        ("Impersonate-User", "Jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "g1"),
        ("Impersonate-Group", "g 2, and 3"),
        ("Impersonate-Extra-scope%20s", "a"),
        ("Impersonate-Extra-scope%20s", "b"),
        ("Impersonate-Extra-acme.com%2Fproject", "x"),
        ("Impersonate-Extra-50%25", "y"),
    )


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ({"as-groups": ["g"]}, "user 'u' has as-uid, as-groups or as-user-extra, and no 'as'"),
        ({"as-uid": "7"}, "and no 'as', which they belong to"),
        ({"as-user-extra": {"a": ["b"]}}, "and no 'as'"),
        ({"as": 7}, "'as' of user 'u' is no text"),
        ({"as": "a", "as-groups": "g"}, "'as-groups' of user 'u' is no list of texts"),
        ({"as": "a", "as-groups": [7]}, "'as-groups' of user 'u' is no list of texts"),
        ({"as": "a", "as-user-extra": {"a": "b"}}, "'as-user-extra' of user 'u' is no list of texts"),
        ({"as": "a", "as-user-extra": {"": ["b"]}}, "'as-user-extra' of user 'u' is no mapping"),
        ({"as": "a", "as-user-extra": ["b"]}, "'as-user-extra' of user 'u' is no mapping"),
        ({"as": "a\r\nX-Other: 1"}, "holds what no header can carry"),
        ({"as": "a", "as-groups": ["gr\u00fcn"]}, "holds what no header can carry"),
        ({"as": "a "}, "holds what no header can carry"),
    ],
)
def test_what_cannot_be_sent_is_refused(user: dict[str, Any], problem: str) -> None:
    with pytest.raises(MalformedError, match="^(user|'as|an 'as)") as raised:
        impersonation(user, "user 'u'")
    assert problem in str(raised.value)

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx, for the site that `make docs` builds. It needs no network, neither here nor at its reader's."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "selfheal.cluster"
copyright = "the selfheal.cluster maintainers"
html_title = "selfheal.cluster"

extensions = ["sphinx_antsibull_ext"]
antsibull_ext_color_scheme = "none"
default_role = "any"
nitpicky = True
highlight_language = "yaml+jinja"
pygments_style = "default"
pygments_dark_style = "github-dark"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_use_index = False

_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
_PLUGIN = re.compile(r"ansible_collections\.(?!selfheal\.)(\w+)\.(\w+)\.(\w+)")
_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def _elsewhere(app: Any, env: Any, node: Any, content: Any) -> Any:
    """What intersphinx would ask docs.ansible.com for: plugins and pages that are not ours."""
    target = node["reftarget"]
    plugin = _PLUGIN.fullmatch(target)
    if plugin:
        page = "collections/{}/{}/{}.html".format(*plugin.groups())
    elif node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        page = f"reference_appendices/config.html#envvar-{target}"
    elif target in _PAGES:
        page = _PAGES[target]
    else:
        return None
    return nodes.reference("", "", content, refuri=f"{_ANSIBLE}/{page}", internal=False)


def setup(app: Any) -> None:
    app.connect("missing-reference", _elsewhere)

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of every module: whatever goes wrong becomes one masked message that names the topology."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, NoReturn, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    ClusterError,
    MissingLibraryError,
    RoundError,
)


class ClusterModule(AnsibleModule):
    """Its failures name the topology, also those that Ansible finds itself in the arguments."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        prefix = f"topology {self.params.get('topology') or 'default'!r}: "
        text = msg if str(msg).startswith(prefix) else f"{prefix}{msg}"  # before a secret in the name is masked
        super().fail_json(str(remove_values(text, self.no_log_values)), **kwargs)


def run(module: ClusterModule, work: Callable[[Mapping[str, Any]], Dict[str, Any]]) -> NoReturn:
    """Do ``work`` with the module's params and end the module with its result.

    What the result, or that of a failure, holds as ``warnings_`` is given as warnings.
    """
    result, failure, traceback = _attempt(module, work)
    for warning in result.pop("warnings_", ()):
        module.warn(str(remove_values(warning, module.no_log_values)))
    if failure is None:
        module.exit_json(**result)
    module.fail_json(failure, exception=traceback, **result)


def _attempt(
    module: ClusterModule, work: Callable[[Mapping[str, Any]], Dict[str, Any]]
) -> Tuple[Dict[str, Any], Optional[str], Optional[str]]:
    try:
        return work(module.params), None, None
    except RoundError as error:
        return dict(error.result), str(error), None
    except MissingLibraryError as error:
        return {}, missing_required_lib(error.library), error.traceback
    except ClusterError as error:
        return {}, str(error), None
    except KeyboardInterrupt:
        return {}, "interrupted before it was done", None
    except Exception as error:  # a traceback could show a secret, and tells users nothing
        return {}, f"unexpected {type(error).__name__}: {error}", None

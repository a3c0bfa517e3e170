# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of every module: whatever goes wrong becomes one masked message that names the topology."""

from __future__ import annotations

from typing import AbstractSet, Any, Callable, Mapping, NamedTuple, NoReturn, Optional

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import unknown_options
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    ClusterError,
    MissingLibraryError,
    RoundError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned


class Request(NamedTuple):
    """``params`` are validated; ``secrets`` are what must be in no output."""

    params: Mapping[str, Any]
    check_mode: bool
    secrets: AbstractSet[str]

    def masked(self, value: Any) -> Any:
        return remove_values(value, self.secrets)

    def failure(self, problem: str) -> str:
        """The problem with the name of the topology, which is put there before a secret in it is masked."""
        prefix = f"topology {self.params.get('topology') or 'default'!r}: "
        return str(self.masked(problem if problem.startswith(prefix) else f"{prefix}{problem}"))


class Command(NamedTuple):
    """What a module takes, and what it does; an action plugin may do it as well."""

    spec: Mapping[str, Any]
    work: Callable[[Request], Returned]


class Ended(NamedTuple):
    """What came of the work, not masked. ``problem``: why it failed, if it did."""

    returned: Returned
    problem: Optional[str] = None
    traceback: Optional[str] = None


def end_of(command: Command, request: Request) -> Ended:
    """Do the work. It raises nothing."""
    try:
        return Ended(command.work(request))
    except RoundError as error:
        return Ended(Returned(error.result, error.warnings), str(error))
    except MissingLibraryError as error:
        return Ended(Returned({}), missing_required_lib(error.library), error.traceback)
    except ClusterError as error:
        return Ended(Returned({}), str(error))
    except KeyboardInterrupt:
        return Ended(Returned({}), "interrupted before it was done")
    except Exception as error:  # a traceback could show a secret, and tells users nothing
        return Ended(Returned({}), f"unexpected {type(error).__name__}: {error}")


class ClusterModule(AnsibleModule):
    """Its failures name the topology, also those that Ansible finds itself in the arguments."""

    @property
    def request(self) -> Request:
        return Request(self.params, self.check_mode, self.no_log_values)

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        # What no spec has is known of here only where Ansible itself ends a module for it, before any work is done.
        hints = "".join(hint for _option, hint in unknown_options(self.argument_spec, self.params))
        super().fail_json(self.request.failure(f"{msg}{hints}"), **kwargs)


def run(command: Command) -> NoReturn:
    """As a module."""
    module = ClusterModule(argument_spec=command.spec, supports_check_mode=True)  # type: ignore[no-untyped-call]
    ended = end_of(command, module.request)
    values, warnings = ended.returned
    for warning in warnings:
        module.warn(str(module.request.masked(warning)))
    if ended.problem is None:
        module.exit_json(**values)
    module.fail_json(ended.problem, exception=ended.traceback, **values)

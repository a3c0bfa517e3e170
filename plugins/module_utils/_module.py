# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry and exit of every module: each failure becomes one masked message that names the topology."""

from __future__ import annotations

from typing import AbstractSet, Any, Callable, Mapping, NamedTuple, NoReturn, Optional

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import unknown_options
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    ClusterError,
    FailedWithResult,
    MissingLibraryError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned


class Request(NamedTuple):
    """``params`` are validated; ``secrets`` must not appear in any output."""

    params: Mapping[str, Any]
    check_mode: bool
    secrets: AbstractSet[str]

    def masked(self, value: Any) -> Any:
        return remove_values(value, self.secrets)

    def failure(self, problem: str) -> str:
        """The problem after the name of the topology. The name is added before masking, since it may hold a secret."""
        return str(self.masked(f"topology {self.params.get('topology') or 'default'!r}: {problem}"))


class Command(NamedTuple):
    """A module's argument spec and its function; an action plugin may run it as well."""

    spec: Mapping[str, Any]
    run: Callable[[Request], Returned]


class CommandResult(NamedTuple):
    """The result of a command, not masked. ``problem``: why it failed, if it did."""

    returned: Returned
    problem: Optional[str] = None
    traceback: Optional[str] = None


def execute(command: Command, request: Request) -> CommandResult:
    """Run the command. It never raises: a failure is in the result."""
    try:
        return CommandResult(command.run(request))
    except FailedWithResult as error:
        return CommandResult(Returned(error.result, error.warnings), str(error))
    except MissingLibraryError as error:
        return CommandResult(Returned({}), missing_required_lib(error.library), error.traceback)
    except ClusterError as error:
        return CommandResult(Returned({}), str(error))
    except KeyboardInterrupt:
        return CommandResult(Returned({}), "interrupted before it was done")
    except Exception as error:  # a traceback could show a secret, and does not help users
        return CommandResult(Returned({}), f"unexpected {type(error).__name__}: {error}")


class ClusterModule(AnsibleModule):
    """An AnsibleModule whose failures name the topology, including Ansible's own about the arguments."""

    @property
    def request(self) -> Request:
        return Request(self.params, self.check_mode, self.no_log_values)

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        # Unknown options fail the module in Ansible's own checks, so this is the only place that can add hints.
        hints = "".join(hint for _option, hint in unknown_options(self.argument_spec, self.params))
        super().fail_json(self.request.failure(f"{msg}{hints}"), **kwargs)


def run(command: Command) -> NoReturn:
    """Run the command as a module."""
    module = ClusterModule(argument_spec=command.spec, supports_check_mode=True)  # type: ignore[no-untyped-call]
    done = execute(command, module.request)
    values, warnings = done.returned
    for warning in warnings:
        module.warn(str(module.request.masked(warning)))
    if done.problem is None:
        module.exit_json(**values)
    module.fail_json(done.problem, exception=done.traceback, **values)

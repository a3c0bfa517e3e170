# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container of a manifest as a process of this machine, with what a kubelet would give it.

    with container(template["spec"], objects, api, "ops", tmp_path) as running:
        running.until(condition, 120, "a mesh")   # it goes on
    running.ends(120)                         # its output, once it has ended by itself
        running.stop(60)                          # as when the pod is deleted; its output

It sees a root file system of its own, which nobody can write to: this machine's programs, this checkout and this
environment are its image. Its volumes are what the manifest says, with the owners and modes that a kubelet gives them;
user, groups, privileges, environment and working directory are the manifest's as well. Its network is this machine's,
so that it reaches the API double as if that were its cluster's. Only root can start it.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.ansible.background import descendants_of, is_alive
from tests.harness.kubernetes.double import KubeDouble
from tests.harness.paths import ROOT
from tests.harness.waiting import wait_until

SERVICE_ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"
_IMAGE = (
    "/bin",
    "/etc",
    "/lib",
    "/lib64",
    "/opt",
    "/sbin",
    "/usr",
    "/var/lib",
    "/dev",
    "/proc",
    sys.prefix,
    sys.base_prefix,
    str(ROOT),
)
_FIXED = {
    "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
    "LC_ALL": "C.UTF-8",
}


class Container:
    """One that runs. ``process`` is what a kubelet sends its signals to."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output
        self._seen: set[int] = set()

    @property
    def output(self) -> str:
        return self._output.read_text()

    def until(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """
        :raises AssertionError: it ended before, or has not come to it, with all that it said.
        """
        try:
            wait_until(lambda: condition() or self.process.poll() is not None, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.output}") from None
        assert self.process.poll() is None, self.output

    def ends(self, timeout: float) -> str:
        """
        :raises AssertionError: it failed, with all that it said.
        """
        self._wait(timeout)
        assert self.process.returncode == 0, self.output
        return self.output

    def stop(self, timeout: float) -> str:
        """SIGTERM, and nothing of it is left once it is gone."""
        self._seen.update(descendants_of(self.process.pid))
        self.process.terminate()
        self._wait(timeout)
        wait_until(lambda: not any(map(is_alive, self._seen)), timeout, "the container's processes to end")
        return self.output

    def kill(self) -> None:
        self._seen.update(descendants_of(self.process.pid))
        for pid in [self.process.pid, *self._seen]:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _wait(self, timeout: float) -> None:
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the container has not ended in {timeout} s: {self.output}") from None


@contextmanager
def container(
    pod: Mapping[str, Any],
    objects: Mapping[tuple[str, str], Mapping[str, Any]],
    api: KubeDouble,
    namespace: str,
    directory: Path,
) -> Iterator[Container]:
    """
    :param pod: the specification, of one container.
    :param objects: the ConfigMaps and Secrets that it mounts, by kind and name.
    """
    (main,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in main["volumeMounts"]}
    group = pod["securityContext"]["fsGroup"]
    image = _image()
    # A checkout in /tmp would be hidden by a volume there.
    late = [place for place in image if any(place.startswith(f"{path}/") for path in mounts.values())]
    script = [_ROOT_FILE_SYSTEM.format(root=shlex.quote(str(directory / "root")))]
    script.append(_bound(place for place in image if place not in late))
    for volume in pod["volumes"]:
        script.append(_volume(volume, mounts[volume["name"]], objects, group, directory))
    script.append(_bound(late))
    if pod["automountServiceAccountToken"]:
        assert api.token
        account = {"token": api.token, "ca.crt": api.ca_cert.read_text(), "namespace": namespace}
        script.append(_files(SERVICE_ACCOUNT, account, group, directory / "account"))
    script.append(_START)
    output = directory / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", "\n".join(script), "sh", *_as_it_says(pod, main, api)],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    running = Container(process, output)
    try:
        yield running
    finally:
        running.kill()


_ROOT_FILE_SYSTEM = """
PATH=/usr/sbin:/usr/bin:/sbin:/bin
root={root}
mkdir -p "$root"
mount -t tmpfs -o mode=755 root "$root"
mkdir -p "$root/run" "$root/tmp" "$root/var"
ln -s /run "$root/var/run"
"""
_BOUND = """
for place in {places}; do
    if [ -L "$place" ]; then
        ln -s "$(readlink "$place")" "$root$place"
    elif [ -d "$place" ]; then
        mkdir -p "$root$place"
        mount --rbind "$place" "$root$place"
    fi
done
"""
_START = """
mount -o remount,ro "$root"
exec chroot "$root" "$@"
"""


def _image() -> list[str]:
    """Without what is below another one, save links, which are not mounts."""
    places = [place for place in dict.fromkeys(_IMAGE) if os.path.exists(place)]
    return [
        place
        for place in places
        if not any(place != other and not os.path.islink(other) and place.startswith(other + "/") for other in places)
    ]


def _bound(places: Iterable[str]) -> str:
    return _BOUND.format(places=" ".join(map(shlex.quote, places)))


def _volume(
    volume: Mapping[str, Any],
    path: str,
    objects: Mapping[tuple[str, str], Mapping[str, Any]],
    group: int,
    directory: Path,
) -> str:
    if "emptyDir" in volume:
        return f'mkdir -p "$root{path}"; mount -t tmpfs -o mode=2777,gid={group} volume "$root{path}"'
    if "configMap" in volume:
        files = objects["ConfigMap", volume["configMap"]["name"]]["data"]
    else:
        data = objects["Secret", volume["secret"]["secretName"]]["data"]
        files = {key: base64.b64decode(value).decode() for key, value in data.items()}
        assert volume["secret"]["defaultMode"] == 0o400
    return _files(path, files, group, directory / volume["name"])


def _files(path: str, files: Mapping[str, str], group: int, directory: Path) -> str:
    """As a kubelet lays them out: root's, readable for the group of the pod, and each a link to a link's directory."""
    now = directory / "..now"
    now.mkdir(parents=True)
    (directory / "..data").symlink_to("..now")
    for name, text in files.items():
        (now / name).write_text(text)
        os.chown(now / name, 0, group)
        (now / name).chmod(0o440)
        (directory / name).symlink_to(f"..data/{name}")
    directory.chmod(0o777)
    now.chmod(0o755)
    return f'mkdir -p "$root{path}"; mount --bind {shlex.quote(str(directory))} "$root{path}"'


def _as_it_says(pod: Mapping[str, Any], main: Mapping[str, Any], api: KubeDouble) -> Sequence[str]:
    """The command, with all that the security context and the environment say."""
    context, own = pod["securityContext"], main["securityContext"]
    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}, json.dumps(own)
    host, port = api.url.removeprefix("https://").split(":")
    environment = {**_FIXED, "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    environment.update({variable["name"]: variable["value"] for variable in main["env"]})
    return [
        *["setpriv", "--reuid", str(context["runAsUser"]), "--regid", str(context["runAsGroup"])],
        *["--groups", str(context["fsGroup"]), "--no-new-privs"],
        *["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"],
        *["env", "-i", "-C", main["workingDir"]],
        *[f"{name}={value}" for name, value in environment.items()],
        *main["command"],
    ]

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian of its own that a systemd of its own has booted, in a container of systemd-nspawn.

with booted() as host:                        # takes two minutes: it is installed first, from where apt installs
    host.run("systemctl", "is-active", "selfheal.timer").stdout
    host.run(*AS_NOBODY, "id")
    host.write("/srv/app.cluster.yml", "…")
    Control(host).playbook("selfheal.cluster.schedule")      # this environment's Ansible and this checkout, in there
    host.reboot()

Its network is this machine's, so that it reaches nodes on loopback; of the file systems it sees its own, and read-only
this environment's libraries, its Python and the checkout. All of it goes away at the end.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.ansible.background import descendants_of
from tests.harness.ansible.command import Ansible, Run
from tests.harness.apt import mirror, system
from tests.harness.paths import ROOT
from tests.harness.pipes import pipe
from tests.harness.waiting import wait_until

ANSIBLE_PLAYBOOK = "/opt/ansible/bin/ansible-playbook"
_COLLECTION = "/usr/share/ansible/collections/ansible_collections/selfheal/cluster"
_PACKAGES = "systemd,systemd-sysv,dbus,python3"
_PYTHON = "/opt/python"
_PATIENCE = 300
# Whatever is mounted is so for these processes alone.
_ALONE = ("unshare", "--mount", "--propagation", "private", "--")
_CONTROL_GROUPS = ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")
_JOIN = 'for group; do shift; [ "$group" != -- ] || break; echo $$ >"$group/cgroup.procs"; done; exec "$@"'
# Shuts it down when the input ends, which it does as well when who holds it is killed.
_WATCH = """
exec 3<&0
"$@" </dev/null 3<&- &
container=$!
{ cat <&3; kill "$container"; } &
watcher=$!
wait "$container"
kill "$watcher" 2>/dev/null
"""


class Booted:
    """
    :param directory: an empty one, where the system is installed.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory / "root"
        self._name = f"selfheal-{os.getpid()}"
        self._console = directory / "console"
        self._binds: list[str] = []
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader: int | None = None
        self._prefix: tuple[str, ...] = ()

    def install(self) -> None:
        """
        :raises RuntimeError: debootstrap says why not.
        """
        release, source = system()["VERSION_CODENAME"], mirror()
        assert source, f"apt has no main part of {release}"
        done = subprocess.run(
            [*_ALONE, "debootstrap", "--variant=minbase", f"--include={_PACKAGES}", release, str(self._root), source],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"debootstrap of {release} from {source}: {done.stdout[-5000:]}")
        self._install_ansible()

    def _install_ansible(self) -> None:
        """An environment with the libraries of this one, where every user can read it."""
        self._bind(ROOT, _COLLECTION)
        home = "/usr"
        if sys.base_prefix != home:
            home = _PYTHON
            self._bind(sys.base_prefix, home)
            self.write("/etc/ld.so.conf.d/python.conf", f"{home}/lib\n")
        environment = Path(ANSIBLE_PLAYBOOK).parents[1]
        libraries = Path(sysconfig.get_path("purelib"))
        self._bind(libraries, environment / libraries.relative_to(sys.prefix))
        self.write(environment / "pyvenv.cfg", f"home = {home}/bin\n")
        program = f"#!{environment}/bin/python\nfrom ansible.cli.playbook import main\n\nmain()\n"
        self.write(ANSIBLE_PLAYBOOK, program, 0o755)
        self._inside(environment / "bin" / "python").symlink_to(
            f"{home}/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
        )

    def _bind(self, source: object, target: object) -> None:
        self._binds.append(f"--bind-ro={source}:{target}")

    def boot(self) -> None:
        """
        :raises RuntimeError: it does not come up, with what it showed.
        """
        command = ["systemd-nspawn", "--quiet", "--boot", f"--directory={self._root}", f"--machine={self._name}"]
        command += ["--register=no", "--link-journal=no", "--resolv-conf=off", "--timezone=off", *self._binds]
        groups = []
        if not Path("/run/systemd/system").exists():  # systemd would make it a control group, and so it takes ours
            command.append("--keep-unit")
            groups = self._groups()
        for group in groups:
            group.mkdir(exist_ok=True)
        with self._console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                ["sh", "-c", _WATCH, "sh", "sh", "-ec", _JOIN, "sh", *map(str, groups), "--", *_ALONE, *command],
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._is_up, _PATIENCE, "systemd to come up")
        except (AssertionError, RuntimeError) as error:
            raise RuntimeError(f"{error}: {self._console.read_text(errors='replace')[-5000:]}") from None

    def _is_up(self) -> bool:
        assert self._nspawn
        if self._nspawn.poll() is not None:
            raise RuntimeError(f"systemd-nspawn ended with {self._nspawn.returncode}")
        leaders = [pid for pid in descendants_of(self._nspawn.pid) if _is_init(pid)]
        if not leaders:
            return False
        self._leader = leaders[0]
        spaces = ("--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd")
        self._prefix = ("nsenter", "--target", str(self._leader), *spaces, "--")
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def off(self) -> None:
        """Shut it down as its own administrator would, and after a minute and a half as a power cut does."""
        if not self._nspawn:
            return
        pipe(self._nspawn.stdin).close()
        try:
            self._nspawn.wait(90)
        except subprocess.TimeoutExpired:
            if self._leader:
                os.kill(self._leader, signal.SIGKILL)
            self._nspawn.wait(90)
        self._nspawn, self._leader, self._prefix = None, None, ()

    def reboot(self) -> None:
        self.off()
        self.boot()

    def remove(self) -> None:
        """It, and what nspawn leaves behind."""
        self.off()
        for group in self._groups():
            for path in sorted(group.glob("**/"), reverse=True):
                path.rmdir()
        # Behind a mount would be files of others
        assert str(self._root) not in Path("/proc/self/mountinfo").read_text(), f"something is mounted in {self._root}"
        shutil.rmtree(self._root)

    def _groups(self) -> list[Path]:
        return [Path(place, self._name) for place in _CONTROL_GROUPS if Path(place, "cgroup.procs").exists()]

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """To its end, as root, with this environment."""
        assert self._prefix, "it is not booted, and what is meant for it must not run on the machine itself"
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            [*self._prefix, *command],
            env={"PATH": path, "LC_ALL": "C.UTF-8", "HOME": "/root", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )

    def ok(self, *command: str) -> str:
        """The output of a command that succeeds."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}"
        return done.stdout

    def write(self, path: str | Path, content: str, mode: int = 0o644) -> None:
        file = self._inside(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(mode)

    def exists(self, path: str | Path) -> bool:
        return self.run("test", "-e", str(path)).returncode == 0

    def _inside(self, path: str | Path) -> Path:
        return self._root / str(path).lstrip("/")


class Control(Ansible):
    """Ansible as somebody has it there who followed the documentation."""

    def __init__(self, host: Booted) -> None:
        super().__init__(Path("/srv"))
        self.host = host
        self.environment = {"HOME": "/root", "ANSIBLE_NOCOLOR": "1"}

    def run(self, command: str, *arguments: str, **environment: str) -> Run:
        program = str(Path(ANSIBLE_PLAYBOOK).parent / command)
        done = self.host.run(program, *arguments, environment={**self.environment, **environment})
        return Run(done.returncode, done.stdout, "")


@contextmanager
def booted() -> Iterator[Booted]:
    lacking = [name for name in ("debootstrap", "systemd-nspawn", "unshare") if not shutil.which(name)]
    assert not lacking, f"no {', '.join(lacking)}: scripts/install-packages debootstrap systemd-container util-linux"
    assert os.geteuid() == 0, "only root can start a container of systemd-nspawn"
    with tempfile.TemporaryDirectory(prefix="booted-") as directory:
        host = Booted(Path(directory))
        try:
            host.install()
            host.boot()
            host.ok("ldconfig")
            yield host
        finally:
            host.remove()


def _is_init(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"
    except OSError:
        return False

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release tarball that RELEASE_TARBALL names: what is in it, and what it does once it is installed.

`.venv/nox/bin/nox -s tarball` builds it and runs this.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole
from tests.harness.paths import ROOT
from tests.harness.pipes import pipe

USED = {"extensions", "meta", "playbooks", "plugins", "roles"}
READ = {"CHANGELOG.md", "CONTRIBUTING.md", "COPYING", "LICENSES", "README.md", "REUSE.toml", "SECURITY.md", "docs"}
LEFT_OUT = "docs/examples/"  # read in the repository, where they can be copied from
MADE = {"FILES.json", "MANIFEST.json", "changelogs"}


@pytest.fixture(scope="module")
def tarball() -> Path:
    return Path(os.environ["RELEASE_TARBALL"])


@pytest.fixture(scope="module")
def files(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive if not member.isdir()}


@pytest.fixture
def installed(tarball: Path, tmp_path: Path) -> Ansible:
    """Ansible that finds the collection only where the tarball was installed."""
    place = tmp_path / "collections"
    ansible = Ansible(tmp_path, ANSIBLE_COLLECTIONS_PATH=str(place))
    ansible.run("ansible-galaxy", "collection", "install", str(tarball), "-p", str(place), "--offline").ok()
    return ansible


@pytest.fixture
def nodes() -> Iterator[list[Beam]]:
    with beams(3, basename="chat") as alone:
        yield alone


def tracked() -> set[str]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return set(subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines())


def test_it_has_all_that_is_used_or_read_and_nothing_of_the_development(files: set[str]) -> None:
    assert {name.partition("/")[0] for name in files} == USED | READ | MADE
    wanted = {name for name in tracked() if name.partition("/")[0] in USED | READ and (ROOT / name).is_file()}
    wanted = {name for name in wanted if not name.startswith(LEFT_OUT)}
    assert {name for name in files if name.partition("/")[0] not in MADE} == wanted


def test_its_changelog_tells_of_this_release(tarball: Path, files: set[str]) -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    assert tarball.name == f"selfheal-cluster-{version}.tar.gz"
    assert not [name for name in files if name.startswith("changelogs/fragments/")]
    with tarfile.open(tarball) as archive:
        changes = yaml.safe_load(pipe(archive.extractfile("changelogs/changelog.yaml")))
        shown = pipe(archive.extractfile("CHANGELOG.md")).read().decode()
    assert changes["releases"][version]["changes"]
    assert f"v{version}".replace(".", r"\.") in shown


def test_its_playbooks_run_by_their_names(installed: Ansible, nodes: list[Beam]) -> None:
    inventory = installed.home / "app.cluster.yml"
    topology = {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
    }
    inventory.write_text(yaml.safe_dump({"plugin": "selfheal.cluster.nodes", "topologies": {"chat": topology}}))
    before = installed.playbook("selfheal.cluster.status", "-i", str(inventory)).ok()
    assert "chat split 1/3 3 0 0 -" in before.text
    assert installed.playbook("selfheal.cluster.check", "-i", str(inventory)).code == 2
    installed.playbook("selfheal.cluster.converge", "-i", str(inventory)).ok()
    assert is_whole(nodes)
    again = installed.playbook("selfheal.cluster.converge", "-i", str(inventory)).ok()
    assert "changed=0" in again.stdout
    assert "chat whole 3/3 1 0 0 -" in installed.playbook("selfheal.cluster.status", "-i", str(inventory)).ok().text
    installed.playbook("selfheal.cluster.check", "-i", str(inventory)).ok()


def test_what_was_installed_is_what_was_built(installed: Ansible) -> None:
    installed.run("ansible-galaxy", "collection", "verify", "selfheal.cluster", "--offline").ok()
    shown = installed.run("ansible-doc", "selfheal.cluster.membership").ok()
    assert "selfheal.cluster.membership" in shown.stdout

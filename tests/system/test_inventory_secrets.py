# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: secrets and templates in its file."""

from __future__ import annotations

import json
from pathlib import Path

from tests.harness.ansible.command import Ansible
from tests.harness.ansible.inventories import SECRET, TEMPLATE_TEXT, evaluate, static, write


def test_a_literal_secret_is_read_from_the_file_only_when_a_task_needs_it(ansible: Ansible, tmp_path: Path) -> None:
    directory = tmp_path / 'it\'s "odd" {{ 1 }} é'
    directory.mkdir()
    file = write(directory, {"it.s-me": static("a@h", driver_config={"cookie": SECRET, "port": 4000})})
    listing = ansible.run("ansible-inventory", "--list", "--export", "-i", str(file)).ok()
    assert SECRET not in listing.output
    assert evaluate(ansible, file, "it.s-me", "topology_driver_config") == {"cookie": SECRET, "port": 4000}


def test_a_literal_secret_that_looks_like_a_template_is_not_one(ansible: Ansible, tmp_path: Path) -> None:
    topologies = (
        f"chat: {{strategy: static, config: {{nodes: []}}, driver_config: {{cookie: !unsafe '{TEMPLATE_TEXT}'}}}}"
    )
    file = write(tmp_path, topologies)
    assert evaluate(ansible, file, "chat", "topology_driver_config.cookie") == TEMPLATE_TEXT


def test_a_templated_secret_stays_a_template(ansible: Ansible, tmp_path: Path) -> None:
    template = "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE') }}"
    file = write(tmp_path, {"chat": static("a@h", driver_config={"cookie": template})})
    ansible.environment["CHAT_COOKIE"] = SECRET
    data = ansible.inventory(file)
    assert data["_meta"]["hostvars"]["chat"]["topology_driver_config"] == {"cookie": template}
    assert evaluate(ansible, file, "chat", "topology_driver_config.cookie") == SECRET


def test_a_vaulted_secret_stays_encrypted(ansible: Ansible, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a-password")
    ansible.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(password)
    encrypted = ansible.run("ansible-vault", "encrypt_string", SECRET).ok().stdout
    block = "".join(f"\n      {line.strip()}" for line in encrypted.splitlines()[1:] if line.strip())
    topologies = (
        f"chat:\n  strategy: static\n  config: {{nodes: [a@h]}}\n  driver_config:\n    cookie: !vault |{block}\n"
    )
    file = write(tmp_path, topologies)
    assert SECRET not in ansible.run("ansible-inventory", "--list", "-i", str(file)).ok().output
    assert evaluate(ansible, file, "chat", "topology_driver_config.cookie") == SECRET


def test_config_may_use_lookups_and_extra_variables(ansible: Ansible, tmp_path: Path) -> None:
    config = {"nodes": ["{{ base }}@{{ lookup('ansible.builtin.env', 'WHERE') }}"]}
    file = write(tmp_path, {"chat": {"strategy": "{{ 'static' }}", "config": config}})
    run = ansible.run("ansible-inventory", "--list", "-i", str(file), "-e", "base=app", WHERE="10.0.0.1").ok()
    assert json.loads(run.stdout)["cluster_chat"]["hosts"] == ["chat.app@10.0.0.1"]

# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of the guide for PostgreSQL and EC2, with a real server, and with the API that moto has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.ansible.command import Ansible
from tests.harness.docs.recipes import Recipe
from tests.harness.erlang.beam import Beam, beams, is_whole
from tests.harness.sources.ec2 import ec2
from tests.harness.sources.postgres import postgres


@pytest.fixture
def nodes() -> Iterator[list[Beam]]:
    with beams(4, basename="chat") as running_nodes:
        yield running_nodes


@pytest.mark.long
def test_postgresql(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    with postgres() as database:
        recipe = Recipe(ansible, tmp_path, "postgresql", nodes, **database.environment)
        database.psql((recipe.directory / "chat.sql").read_text())
        for node in nodes[:3]:
            database.psql(f"INSERT INTO chat VALUES ('{node.address}')")
        recipe.converges(nodes[:3])
        database.psql(f"DELETE FROM chat WHERE address = '{nodes[2].address}'")
        database.psql(f"UPDATE chat SET leaving = true WHERE address = '{nodes[1].address}'")
        recipe.converges(nodes[:2], pruned=[nodes[2]])

        database.psql("DELETE FROM chat")
        recipe.fails("from_json")
        database.stop()
        recipe.fails("psql")
        assert is_whole(nodes[:2])


@pytest.mark.long
def test_ec2(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    with ec2() as cloud:
        recipe = Recipe(ansible, tmp_path, "ec2", nodes, **cloud.environment)
        instances = [cloud.run(node.address, cluster="chat") for node in nodes[:3]]
        cloud.run(nodes[3].address, cluster="web")
        recipe.converges(nodes[:3])
        cloud.terminate(instances[2])
        recipe.converges(nodes[:2], pruned=[nodes[2]])

        for instance in instances[:2]:
            cloud.terminate(instance)
        recipe.fails("has no attribute 'ec2_chat'")
        cloud.stop()
        recipe.fails("chat.aws_ec2.yml")
        assert is_whole(nodes[:2])

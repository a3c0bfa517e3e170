# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EC2 API as moto has it, in a process of its own, and what ``amazon.aws`` needs to ask it.

with ec2() as cloud:
    one = cloud.run("127.20.3.1", cluster="chat")         # an instance with this private address and these tags
    cloud.terminate(one)
    ansible.playbook(…, **cloud.environment)
    cloud.stop()
"""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness.ansible.bundle import PARTS, with_bundle
from tests.harness.loopback import free_port
from tests.harness.waiting import wait_until

REGION = "eu-central-1"
_IMAGE = "ami-12c6146b"


class Ec2:
    def __init__(self) -> None:
        port = free_port("127.0.0.1")
        self._url = f"http://127.0.0.1:{port}"
        self._subnets: dict[str, str] = {}
        library = str(PARTS / "lib")
        self.environment = {
            **with_bundle(),
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "PYTHONPATH": library,
        }
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={**os.environ, "PYTHONPATH": library},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait_ready(self) -> None:
        wait_until(self._answers, 60, "moto's server")

    def run(self, address: str, **tags: str) -> str:
        """
        :returns: the instance's id.
        """
        answer = self._do(
            "RunInstances",
            ImageId=_IMAGE,
            MinCount=1,
            MaxCount=1,
            SubnetId=self._subnet_of(address),
            PrivateIpAddress=address,
            **{"TagSpecification.1.ResourceType": "instance"},
            **{f"TagSpecification.1.Tag.{n}.Key": key for n, key in enumerate(tags, 1)},
            **{f"TagSpecification.1.Tag.{n}.Value": value for n, value in enumerate(tags.values(), 1)},
        )
        return _value("instanceId", answer)

    def terminate(self, instance: str) -> None:
        self._do("TerminateInstances", **{"InstanceId.1": instance})

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _subnet_of(self, address: str) -> str:
        network = str(ipaddress.ip_network(f"{address}/24", strict=False))
        if network not in self._subnets:
            vpc = _value("vpcId", self._do("CreateVpc", CidrBlock=network))
            self._subnets[network] = _value("subnetId", self._do("CreateSubnet", VpcId=vpc, CidrBlock=network))
        return self._subnets[network]

    def _do(self, action: str, **parameters: object) -> str:
        """One request of EC2's query API; moto reads from the signature whom it is for, and doesn't check it."""
        form = urllib.parse.urlencode({"Action": action, "Version": "2016-11-15", **parameters}).encode()
        signature = (
            f"AWS4-HMAC-SHA256 Credential=tests/20260101/{REGION}/ec2/aws4_request, SignedHeaders=host, Signature=0"
        )
        request = urllib.request.Request(self._url, form, {"Authorization": signature})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{action}: {error.read().decode()}") from None

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("moto's server ended")
        try:
            with urllib.request.urlopen(f"{self._url}/moto-api/", timeout=5):
                return True
        except OSError:
            return False


def _value(tag: str, xml: str) -> str:
    found = re.search(f"<{tag}>([^<]+)</{tag}>", xml)
    if not found:
        raise RuntimeError(f"no {tag} in {xml}")
    return found[1]


@contextmanager
def ec2() -> Iterator[Ec2]:
    cloud = Ec2()
    try:
        cloud.wait_ready()
        yield cloud
    finally:
        cloud.stop()

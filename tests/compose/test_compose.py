"""The containers, built and driven for real. Run through `make compose-test`."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from support.site import eventually, free_port, get

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = {"kvstore", "origin", "aggregator", "web", "edge"}


class Stack:
    """One compose project of its own name, so that nothing else is touched."""

    def __init__(self) -> None:
        self.port, self.locust = free_port(), free_port()
        self._environ = os.environ | {
            "COMPOSE_PROJECT_NAME": f"hunchtest{self.port}",
            "HUNCH_PUBLISH": f"127.0.0.1:{self.port}",
            "HUNCH_LOADTEST_PUBLISH": f"127.0.0.1:{self.locust}",
        }
        plugin = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        )
        self._compose = (
            ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._compose, *arguments], cwd=ROOT, env=self._environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def container(self, service: str) -> dict[str, object]:
        identifier = self.compose("ps", "-q", service).strip().splitlines()[-1]
        said = subprocess.check_output(["docker", "inspect", identifier], text=True)
        return dict(json.loads(said)[0])

    def health(self, service: str) -> str:
        state = self.container(service)["State"]
        assert isinstance(state, dict)
        return str(state["Health"]["Status"])

    def items(self) -> int:
        reply = get(self.url + "/sources.json")
        assert reply.status == 200
        return sum(int(source["items"]) for source in reply.json["sources"])


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    assert shutil.which("docker"), "no docker; run this through make compose-test"
    running = Stack()
    running.compose("build")
    running.compose("up", "-d")
    try:
        yield running
    finally:
        running.compose("logs", "--no-color", "--tail", "30")
        running.compose(
            "--profile",
            "loadtest",
            "down",
            "--volumes",
            "--rmi",
            "local",
            "--timeout",
            "20",
        )


def test_shows_the_stream_through_the_published_port(stack: Stack) -> None:
    eventually(lambda: get(stack.url + "/readyz").status == 200, timeout_s=120)
    assert eventually(lambda: stack.items() >= 150, timeout_s=120)
    assert "Ines Falk" in get(stack.url + "/").text


def test_every_part_is_healthy(stack: Stack) -> None:
    for service in SERVICES:
        eventually(
            lambda service=service: stack.health(service) == "healthy", timeout_s=90
        )


def test_only_the_edge_is_published(stack: Stack) -> None:
    for service in SERVICES:
        ports = stack.container(service)["NetworkSettings"]["Ports"] or {}  # type: ignore[index]
        published = [
            binding for bindings in ports.values() for binding in bindings or ()
        ]
        assert bool(published) == (service == "edge"), service
        assert all(binding["HostIp"] == "127.0.0.1" for binding in published)


def test_runs_without_privileges(stack: Stack) -> None:
    for service in SERVICES:
        about = stack.container(service)
        assert about["Config"]["User"] == "hunch", service  # type: ignore[index]
        host = about["HostConfig"]
        assert host["ReadonlyRootfs"], service  # type: ignore[index]
        assert host["CapDrop"] == ["ALL"], service  # type: ignore[index]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_survives_a_restart_of_each_part(stack: Stack, service: str) -> None:
    before = stack.items()
    stack.compose("restart", service)
    eventually(lambda: stack.health(service) == "healthy", timeout_s=90)
    eventually(lambda: get(stack.url + "/readyz").status == 200, timeout_s=60)
    assert stack.items() == before


def test_survives_a_kill_of_the_store(stack: Stack) -> None:
    before = stack.items()
    stack.compose("kill", "-s", "KILL", "kvstore")
    stack.compose("up", "-d")
    eventually(lambda: get(stack.url + "/readyz").status == 200, timeout_s=60)
    assert stack.items() == before


def test_loadtest_profile_has_locusts_page_on_loopback(stack: Stack) -> None:
    stack.compose("--profile", "loadtest", "up", "-d", "--build", "loadtest")
    bindings = stack.container("loadtest")["NetworkSettings"]["Ports"]["8089/tcp"]  # type: ignore[index]
    assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"]
    page = f"http://127.0.0.1:{stack.locust}"
    assert eventually(lambda: "Locust" in get(page + "/").text, timeout_s=60)
    form = urllib.parse.urlencode({"user_count": 5, "spawn_rate": 5}).encode()
    with urllib.request.urlopen(page + "/swarm", form, timeout=10) as reply:
        assert json.load(reply)["success"]

    def asked() -> bool:
        stats = get(page + "/stats/requests").json
        assert stats["fail_ratio"] == 0, stats["errors"]
        return sum(int(row["num_requests"]) for row in stats["stats"]) > 20

    assert eventually(asked, timeout_s=60)

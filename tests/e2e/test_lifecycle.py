"""Start, stop, kill, start again: the site as its owner runs it."""

import pathlib
import signal
import socket
import subprocess

import pytest

from support.site import Site, eventually

PARTS = ("kvstore", "web", "aggregator", "edge", "origin")


def test_stop_and_start_again_loses_nothing(folder: pathlib.Path) -> None:
    site = Site(folder)
    site.start()
    try:
        before, version = site.settled(), site.version()
        assert site.stop(signal.SIGINT) == 0
        eventually(lambda: not site.processes(), timeout_s=5)

        took = site.start()
        assert took < 15  # the goal is 3 s on a quiet machine; this one may be busy
        assert site.items() == before
        # A second look at every source finds nothing new and changes nothing.
        environ = {"HUNCH_STORE": f"unix://{folder}/run/kvstore.sock"}
        done = subprocess.run(
            ["hunch", "--config", folder / "run/hunch.toml", "sync", "--once"],
            env=_environment(environ, folder), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert site.version() == version
        assert site.items() == before
    finally:
        if site.process:
            site.stop()
    assert not site.processes()


def test_killed_parts_come_back(folder: pathlib.Path) -> None:
    site = Site(folder)
    site.start()
    try:
        before = site.settled()
        for part in PARTS:
            pid = eventually(lambda part=part: site.pid(part))
            subprocess.run(["kill", "-9", str(pid)], check=True)
            eventually(lambda part=part, pid=pid: site.pid(part) not in {0, pid})
            eventually(lambda: site.get("/readyz").status == 200)
        assert site.items() == before
    finally:
        site.stop()
    assert not site.processes()


def test_killed_launcher_leaves_nothing_running(folder: pathlib.Path) -> None:
    site = Site(folder)
    site.start()
    site.stop(signal.SIGKILL)
    eventually(lambda: not site.processes(), timeout_s=40)


def test_two_copies_side_by_side(folder: pathlib.Path) -> None:
    one, two = Site(folder / "one"), Site(folder / "two")
    one.start()
    try:
        two.start()
        try:
            assert one.get("/healthz").status == two.get("/healthz").status == 200
        finally:
            two.stop()
        assert one.get("/healthz").status == 200
    finally:
        one.stop()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[site]\ntitel = 'x'\n", ("hunch.toml:2", "titel", "Did you mean title?")),
        ("[[source]]\nurl = 'no address'\n", ("hunch.toml:2", "https://")),
    ],
)
def test_wrong_config_is_refused_with_line_and_remedy(
    folder: pathlib.Path, text: str, words: tuple[str, ...]
) -> None:
    config = folder / "hunch.toml"
    config.write_text(text)
    done = _run(Site(folder / "data", config))
    assert done.returncode == 2
    for word in words:
        assert word in done.stderr


def test_taken_port_is_said(folder: pathlib.Path) -> None:
    site = Site(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.port))
        taken.listen()
        done = _run(site)
    assert done.returncode == 2
    assert f"port {site.port}" in done.stderr
    assert "PORT=" in done.stderr


def test_folder_in_use_is_said(folder: pathlib.Path) -> None:
    first = Site(folder)
    first.start()
    try:
        done = _run(Site(folder))
        assert done.returncode == 2
        assert "already running" in done.stderr
    finally:
        first.stop()


def _run(site: Site) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        site.command(), capture_output=True, text=True, timeout=60, check=False
    )


def _environment(more: dict[str, str], folder: pathlib.Path) -> dict[str, str]:
    import os
    import sys

    here = pathlib.Path(sys.executable).parent
    basis = os.environ | {"PATH": f"{here}:{os.environ['PATH']}"}
    return basis | {"HUNCH_MEDIA": str(folder / "media")} | more

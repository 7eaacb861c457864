"""The site as it runs: forked workers behind one socket, over a real store."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fcgi.client import Client
from hunch_web import health
from hunch_web.scratch import own_folder


@pytest.fixture
def bind(filled_store: Any, tmp_path: Path) -> Iterator[str]:
    address = f"unix:{tmp_path / 'web.sock'}"
    command = [sys.executable, "-m", "fcgi", "hunch_web.app:create()"]
    command += ["--bind", address, "--processes", "2"]
    environ = {**filled_store.environ(), "PATH": "/usr/bin:/bin"}
    del environ["PROMETHEUS_MULTIPROC_DIR"]
    log = (tmp_path / "web.log").open("wb")
    with log, subprocess.Popen(command, env=environ, stdout=log, stderr=log) as process:
        until = time.monotonic() + 20
        while health.main(["--bind", address]):
            if time.monotonic() > until or process.poll() is not None:
                process.kill()
                pytest.fail((tmp_path / "web.log").read_text())
            time.sleep(0.05)
        yield address
        process.terminate()
        assert process.wait(20) == 0


def test_workers_serve_and_count_together(bind: str) -> None:
    pages = set()
    for _ in range(40):
        with Client(bind) as client:
            reply = client.get("/", Accept="text/html")
        assert reply.status == 200
        pages.add(reply.header("ETag"))
    assert len(pages) == 1
    with Client(bind) as client:
        text = client.get("/metrics").body.decode()
    served = re.findall(
        r'hunch_web_requests_total\{format="html",method="GET",status="200"\} (\S+)',
        text,
    )
    assert float(served[0]) == 40
    assert "hunch_web_store_seconds_count" in text


def test_health_check_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert health.main(["--bind", f"unix:{tmp_path / 'none.sock'}"]) == 1
    assert "no worker answers" in capsys.readouterr().err


def test_site_starts_without_its_store(tmp_path: Path, make_site: Any) -> None:
    class Nowhere:
        def environ(self) -> dict[str, str]:
            config = tmp_path / "hunch.toml"
            config.write_text('[site]\nid = "ada"\nurl = "http://localhost:8080/"\n')
            return {
                "HUNCH_STORE": f"unix://{tmp_path / 'none.sock'}",
                "HUNCH_CONFIG": str(config),
            }

    from smisk.test import Client as InProcess

    client = InProcess(make_site(Nowhere()))
    assert client.get("/healthz").status == 200
    assert client.get("/readyz").status == 503
    page = client.get("/")
    assert (page.status, page.headers["Retry-After"]) == (503, "5")


def test_folders_of_processes_that_are_gone_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["/bin/true"]) as gone:
        gone.wait()
    names = {
        f"hunch-web-copies-{gone.pid}-a": False,
        f"hunch-web-copies-{os.getpid()}-before": False,
        f"hunch-web-copies-{os.getppid()}-b": True,
        f"hunch-web-metrics-{gone.pid}-c": True,
        "hunch-web-copies-something-else": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "0001").touch()
    first = own_folder("copies")
    second = own_folder("copies")
    assert {name: (tmp_path / name).exists() for name in names} == names
    assert first.exists()
    assert second.exists()
    assert first.stat().st_mode & 0o077 == 0

"""lighttpd in front of the servers: the smallest configuration that serves."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from study.program import Program, free_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = shutil.which("lighttpd") or "/usr/sbin/lighttpd"


def workers_for(cores: int) -> int:
    """Return how many event loops the edge gets: one, as in 2007, on small machines."""
    return 1 if cores < 16 else cores // 8


class Edge:
    """A running lighttpd.

    Args:
        folder: For its configuration and log.
        via: How it reaches the workers; see `model.Model`.
        socket: Of the workers, or their port.
        spawn: For `spawned`: the workers' command, and how many of them.
        loops: Event loops; more than one only if lighttpd spawns nothing.
    """

    def __init__(
        self,
        folder: Path,
        via: str,
        socket: str,
        *,
        spawn: tuple[Sequence[str], int] = ((), 0),
        loops: int = 1,
    ) -> None:
        self.port = free_port()
        conf = folder / "lighttpd.conf"
        conf.write_text(_conf(folder, self.port, via, socket, spawn, loops))
        self.program = Program(
            "lighttpd", [PROGRAM, "-D", "-f", str(conf)], folder / "edge.log"
        )
        self.url = f"http://127.0.0.1:{self.port}"


class SiteEdge:
    """lighttpd as a site has it, with the project's own configuration."""

    def __init__(self, folder: Path, socket: str) -> None:
        self.port = free_port()
        conf = ROOT / "infra" / "lighttpd"
        environ = {
            "HUNCH_BIND": "127.0.0.1",
            "HUNCH_PORT": str(self.port),
            "HUNCH_WEB": socket,
            "HUNCH_STATIC": str(ROOT / "services/web/src/hunch_web/static"),
            "HUNCH_MEDIA": str(folder),
            "HUNCH_EDGE_TMP": str(folder),
            "HUNCH_EDGE_CONF": str(conf),
        }
        self.program = Program(
            "lighttpd",
            [PROGRAM, "-D", "-f", str(conf / "lighttpd.conf")],
            folder / "edge.log",
            environ=environ,
        )
        self.url = f"http://127.0.0.1:{self.port}"


def _conf(
    folder: Path,
    port: int,
    via: str,
    socket: str,
    spawn: tuple[Sequence[str], int],
    loops: int,
) -> str:
    command, processes = spawn
    lines = [
        'server.modules = ("mod_fastcgi", "mod_proxy")',
        f'server.document-root = "{folder}"',
        f'server.errorlog = "{folder}/edge.log"',
        'server.bind = "127.0.0.1"',
        f"server.port = {port}",
        "server.max-fds = 16384",
        "server.max-connections = 4096",
        "server.listen-backlog = 4096",
    ]
    if loops > 1 and not command:
        lines.append(f"server.max-worker = {loops}")
    if via.startswith("proxy"):
        to = f'"host" => "{socket}"'
        if via == "proxy-tcp":
            to = f'"host" => "127.0.0.1", "port" => {socket}'
        lines.append(f'proxy.server = ("" => (({to}, "disable-time" => 0)))')
        return "\n".join(lines) + "\n"
    host = f'"socket" => "{socket}", "check-local" => "disable", "disable-time" => 0, '
    host += '"fix-root-scriptname" => "enable"'
    if command:
        # WHY a script: bin-path splits at blanks and knows no quotes.
        program = folder / "worker.sh"
        program.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n")
        program.chmod(0o755)
        # WHY both: since 2017 lighttpd spawns as load asks; the post's version did not.
        host += (
            f', "bin-path" => "{program}", "min-procs" => {processes}, '
            f'"max-procs" => {processes}'
        )
    lines.append(f'fastcgi.server = ("/" => (({host})))')
    return "\n".join(lines) + "\n"

"""The web server in front of the contenders, and the generator in front of that."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from contender import Contender

LIGHTTPD = shutil.which("lighttpd") or "/usr/sbin/lighttpd"
RATE = "requests/s"

Sample = dict[str, float]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    socks = [socket.socket() for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


class Edge:
    """One lighttpd of one process, with a port for each contender."""

    def __init__(self, folder: Path, servers: list[Contender]) -> None:
        ports = free_ports(len(servers) + 1)
        self.ports = {
            server.name: port for server, port in zip(servers, ports, strict=False)
        }
        lines = [
            'server.modules = ("mod_fastcgi", "mod_proxy")',
            f'server.document-root = "{folder}"',
            f'server.errorlog = "{folder}/edge.log"',
            'server.bind = "127.0.0.1"',
            f"server.port = {ports[-1]}",
            "server.max-fds = 16384",
            "server.max-connections = 4096",
            "server.listen-backlog = 4096",
        ]
        for server in servers:
            if server.is_http:
                to = f'proxy.server = ("/" => (("host" => "127.0.0.1", "port" => {server.port})))'
            else:
                to = (
                    f'fastcgi.server = ("/" => (("socket" => "{server.socket}", '
                    '"check-local" => "disable", "fix-root-scriptname" => "enable", '
                    '"disable-time" => 0)))'
                )
            lines.append(
                f'$SERVER["socket"] == "127.0.0.1:{self.ports[server.name]}" {{ {to} }}'
            )
        (folder / "lighttpd.conf").write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            [LIGHTTPD, "-D", "-f", str(folder / "lighttpd.conf")],
            start_new_session=True,
        )

    def answers(self, name: str) -> bool:
        """Return whether a contender answers through the edge."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports[name]), 2) as sock:
                sock.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
                got = b""
                while data := sock.recv(4096):
                    got += data
        except OSError:
            return False
        return got.endswith(b"Hello World\n")

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(10)


def wrk(
    port: int, path: str, connections: int, seconds: int, cores: set[int]
) -> Sample:
    """Make load from some cores and return what came of it."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # inherited
    try:
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
             f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    finally:
        os.sched_setaffinity(0, everywhere)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    broken = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done
    )
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
    total = re.search(r"(\d+) requests in", done)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done)
    assert p99 is not None
    assert total is not None
    assert rate is not None
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99[2]]
    errors = int(failed[1]) if failed else 0
    errors += sum(map(int, broken.groups())) if broken else 0
    return {
        RATE: float(rate[1]),
        "total": float(total[1]),
        "errors": float(errors),
        "p99 ms": float(p99[1]) * scale,
    }

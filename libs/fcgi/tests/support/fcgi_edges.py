"""Other web servers, and php-fpm, with configurations of their own."""

import contextlib
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fcgi_support import wait_until

APACHE_MODULES = Path("/usr/lib/apache2/modules")


def find(*names: str) -> str:
    """Return a program's path; skip the test if it is not installed."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: list[str], up, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the context lasts."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True
        )
    try:

        def ready() -> bool:
            if process.poll() is not None:
                pytest.fail(f"{command[0]} left: {log.read_text()}")
            return bool(up())

        wait_until(ready)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def connects(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), 5),
    ):
        return True
    return False


class Site:
    """A web server that runs, seen from outside."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.log = log

    def get(self, path: str, data: bytes | None = None) -> tuple[int, bytes]:
        """Ask for a path; return status and body."""
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/octet-stream"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


@contextlib.contextmanager
def nginx(folder: Path, location: str, *, upstream: str = "") -> Iterator[Site]:
    """Run nginx with a location."""
    port = free_port()
    conf = folder / "nginx.conf"
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf.write_text(
        f"""
daemon off; master_process off; pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log info;
events {{ worker_connections 256; }}
http {{ access_log off; {temporary}
    {upstream}
    server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }}
}}
"""
    )
    log = folder / "nginx.log"
    command = [find("nginx"), "-p", str(folder), "-c", str(conf), "-e", str(log)]
    with running(command, lambda: connects(port), log):
        yield Site(port, folder / "nginx-error.log")


@contextlib.contextmanager
def apache(
    folder: Path, text: str, modules: tuple[str, ...] = ("proxy", "proxy_fcgi")
) -> Iterator[Site]:
    """Run Apache with some configuration."""
    program = find("apache2")
    for module in modules:
        if not (APACHE_MODULES / f"mod_{module}.so").exists():
            pytest.skip(f"Apache's mod_{module} is not installed")
    port = free_port()
    # Started as root, it serves as somebody who has to get at the folder.
    folder.chmod(0o755)
    user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
    loads = "\n".join(
        f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so"
        for name in ("mpm_event", "authz_core", *modules)
    )
    conf = folder / "apache.conf"
    conf.write_text(
        f"""
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
ErrorLog "{folder}/apache-error.log"
Listen 127.0.0.1:{port}
{loads}
{user}
DocumentRoot "{folder}"
{text}
"""
    )
    log = folder / "apache.log"
    command = [program, "-D", "FOREGROUND", "-f", str(conf)]
    with running(command, lambda: connects(port), log):
        yield Site(port, folder / "apache-error.log")


@contextlib.contextmanager
def php_fpm(folder: Path) -> Iterator[str]:
    """Run php-fpm; yield its socket's path."""
    program = find("php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4")
    path = folder / "php.sock"
    conf = folder / "php-fpm.conf"
    user = "user = nobody\ngroup = nogroup" if os.geteuid() == 0 else ""
    folder.chmod(0o755)
    conf.write_text(
        f"""
[global]
error_log = {folder}/php-fpm.log
daemonize = no
[www]
{user}
listen = {path}
listen.mode = 0666
pm = static
pm.max_children = 2
catch_workers_output = yes
"""
    )
    with running([program, "-F", "-n", "-y", str(conf)], path.exists, folder / "php.log"):  # fmt: skip
        yield str(path)

"""Asks a running store whether it answers: `python -m hunch_kvstore.health`.

The check that containers and monitors run; it needs no client library.
"""

from __future__ import annotations

import argparse
import pathlib
import socket
import sys


def answers(bind: str, password: str = "", timeout_s: float = 2.0) -> str:
    """Return an empty string if the store answers PING, else what it did instead.

    Args:
        bind: `unix:/path` or `host:port`, as the server's own `--bind`.
        password: Sent as AUTH first, unless empty.
        timeout_s: Bound on connecting and on each reply.
    """
    commands = [["AUTH", password]] if password else []
    commands.append(["PING"])
    try:
        with _connect(bind, timeout_s) as link:
            for command in commands:
                parts = [f"${len(w.encode())}\r\n{w}\r\n" for w in command]
                link.sendall(f"*{len(command)}\r\n{''.join(parts)}".encode())
                reply = link.recv(256)
                if not reply.startswith(b"+"):
                    return reply.decode(errors="replace").strip() or "hung up"
    except (OSError, ValueError) as error:
        return f"{bind}: {error}"
    return ""


def _connect(bind: str, timeout_s: float) -> socket.socket:
    if bind.startswith("unix:"):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(timeout_s)
        link.connect(bind.removeprefix("unix:"))
        return link
    host, _, port = bind.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout_s)


def main() -> int:
    """Return 0 if the store answers, else 1 and say why on stderr."""
    parser = argparse.ArgumentParser(prog="python -m hunch_kvstore.health")
    parser.add_argument("--bind", required=True, help="unix:/path or host:port")
    parser.add_argument("--password-file", type=pathlib.Path)
    arguments = parser.parse_args()
    password = ""
    if arguments.password_file:
        password = arguments.password_file.read_text(encoding="utf-8").strip()
    if trouble := answers(arguments.bind, password):
        sys.stderr.write(f"kvstore: {trouble}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The parts of a site as programs, and the supervisor's configuration for them."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import sys
from collections.abc import Mapping

from layout import ROOT, Layout
from preflight import search_path


@dataclasses.dataclass(frozen=True)
class Part:
    """One program under the supervisor.

    Attributes:
        name: As it stands in logs and messages.
        command: The program and its arguments.
        environ: Variables on top of ours.
        order: Smaller ones start earlier and stop later.
        stop_s: How long it may take to stop before it is killed.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    order: int
    stop_s: int = 12


def parts(layout: Layout) -> list[Part]:
    """Return what runs, from the store to the edge."""
    python = sys.executable
    store = f"unix://{layout.run}/kvstore.sock"
    common = {
        "HUNCH_STORE": store,
        "HUNCH_CONFIG": str(layout.config),
        "HUNCH_MEDIA": str(layout.media),
        "PYTHONUNBUFFERED": "1",
    }
    web_socket = f"{layout.run}/web.sock"
    listed = [
        Part(
            "kvstore",
            (python, "-m", "hunch_kvstore", "serve", "--data", str(layout.store),
             "--bind", f"unix:{layout.run}/kvstore.sock"),
            {}, order=10, stop_s=30,
        ),
        Part(
            "web",
            (python, "-m", "fcgi", "hunch_web.app:create()",
             "--bind", f"unix:{web_socket}", "--processes", "2"),
            {
                **common,
                "HUNCH_COPIES": str(layout.run / "copies"),
                "PROMETHEUS_MULTIPROC_DIR": str(layout.run / "metrics"),
            },
            order=20,
        ),
        Part(
            "aggregator",
            (python, "-m", "hunch_aggregator", "run"),
            common, order=40,
        ),
        Part(
            "edge",
            (shutil.which("lighttpd", path=search_path()) or "lighttpd", "-D",
             "-f", str(ROOT / "infra" / "lighttpd" / "lighttpd.conf")),
            _edge(layout, web_socket), order=30,
        ),
    ]  # fmt: skip
    if layout.demo:
        origin = str(ROOT / "infra" / "demo" / "origin.py")
        state = str(layout.origin_state)
        command = (python, origin, "--state", state, "--port", str(layout.origin_port))
        listed.append(Part("origin", command, {}, order=15))
    return sorted(listed, key=lambda part: part.order)


def _edge(layout: Layout, web_socket: str) -> dict[str, str]:
    return {
        "HUNCH_BIND": layout.bind,
        "HUNCH_PORT": str(layout.port),
        "HUNCH_WEB": web_socket,
        "HUNCH_STATIC": str(ROOT / "services/web/src/hunch_web/static"),
        "HUNCH_MEDIA": str(layout.media),
        "HUNCH_EDGE_TMP": str(layout.run),
        "HUNCH_EDGE_CONF": str(ROOT / "infra" / "lighttpd"),
    }


def supervisor_config(layout: Layout) -> str:
    """Return the configuration under which supervisord keeps the parts alive."""
    sections = [
        f"""\
[supervisord]
nodaemon=true
silent=true
logfile={_quoted(str(layout.log / "supervisor.log"))}
logfile_maxbytes=1MB
logfile_backups=1
pidfile={_quoted(str(layout.run / "supervisor.pid"))}
directory={_quoted(str(layout.data))}
identifier=hunch

[unix_http_server]
file={_quoted(str(layout.run / "supervisor.sock"))}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    ]
    sections += [_program(layout, part) for part in parts(layout)]
    return "\n".join(sections)


def _program(layout: Layout, part: Part) -> str:
    # WHY setpriv: should the supervisor itself be killed, its children get a TERM
    # instead of running on with nobody to stop them.
    command = ("setpriv", "--pdeathsig", "TERM", "--", *part.command)
    environ = ",".join(f'{name}="{_quoted(v)}"' for name, v in part.environ.items())
    return f"""\
[program:{part.name}]
command={_quoted(shlex.join(command))}
environment={environ}
priority={part.order}
autorestart=true
startsecs=1
startretries=10
stopsignal=TERM
stopwaitsecs={part.stop_s}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={_quoted(str(layout.log / part.name))}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=2
"""


def _quoted(text: str) -> str:
    """Supervisor expands %(name)s in every value."""
    return text.replace("%", "%%")

"""The command line: serve, check, backup, restore, repair."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hunch_kvstore.engine import (
    Engine,
    Options,
    Report,
    StoreError,
    Sync,
    backup,
    check,
    repair,
    restore,
    verify_backup,
)
from hunch_kvstore.server.core import Core
from hunch_kvstore.server.listener import listen, shown_address
from hunch_kvstore.server.logline import Log
from hunch_kvstore.server.loop import Loop
from hunch_kvstore.server.setting import SettingError, Settings

_OWN_FILES: Final = 512  # segments, logs, listeners, children's pipes


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 well, 1 damage or refusal, 2 usage."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except SettingError as error:
        print(f"hunch-kvstore: {error}", file=sys.stderr)
        return 2
    except (StoreError, OSError) as error:
        print(f"hunch-kvstore: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hunch-kvstore",
        description="A Redis-protocol store over Tokyo Cabinet that loses nothing.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the server")
    serve.add_argument(
        "--data", metavar="DIR", help="folder of the store (default: data)"
    )
    serve.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="unix:/path/to.sock or host:port; may be given again",
    )
    serve.add_argument(
        "--sync",
        choices=[policy.value for policy in Sync],
        help="when the log reaches the disk (default: everysec)",
    )
    serve.add_argument("--conf", metavar="FILE", type=Path, help="see kvstore.conf")
    serve.set_defaults(run=_serve)

    said = "verify every checksum of a store that no server has open, or of a backup"
    checking = commands.add_parser("check", help=said, description=said)
    _data(checking)
    checking.add_argument(
        "--backup", action="store_true", help="the folder is a backup"
    )
    checking.set_defaults(run=_check)

    said = "copy a store, consistent at one commit, also while a server uses it"
    backing = commands.add_parser("backup", help=said, description=said)
    _data(backing)
    backing.add_argument(
        "--no-link",
        dest="link",
        action="store_false",
        help="copy segment files although they could be shared by hard links",
    )
    backing.add_argument("target", metavar="TARGET", type=Path)
    backing.set_defaults(run=_backup)

    said = "make a store of a backup, after verifying it"
    restoring = commands.add_parser("restore", help=said, description=said)
    _data(restoring)
    restoring.add_argument("source", metavar="BACKUP", type=Path)
    restoring.set_defaults(run=_restore)

    said = "cut away what is damaged, and say what that was"
    repairing = commands.add_parser("repair", help=said, description=said)
    _data(repairing)
    repairing.set_defaults(run=_repair)
    return parser


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="DIR", type=Path, required=True)


def _settings(arguments: argparse.Namespace) -> Settings:
    """Put together conf file and command line; the latter wins."""
    settings = Settings()
    if arguments.conf is not None:
        settings.read_file(arguments.conf)
    if arguments.data is not None:
        settings.set("data", arguments.data)
    if arguments.sync is not None:
        settings.set("sync", arguments.sync)
    if arguments.bind:
        settings.values["bind"] = ()
        for address in arguments.bind:
            settings.set("bind", address)
    if not settings["bind"]:
        settings.set("bind", "127.0.0.1:6379")
    secret = settings.text("requirepass-file")
    if secret:
        try:
            text = Path(secret).read_text(encoding="utf-8")
        except OSError as error:
            raise SettingError(
                f"requirepass-file {secret!r}: {error.strerror}"
            ) from error
        except UnicodeDecodeError as error:
            raise SettingError(f"requirepass-file {secret!r}: no UTF-8 text") from error
        password = text.partition("\n")[0].strip()
        if not password:
            raise SettingError(f"requirepass-file {secret!r}: its first line is empty")
        settings.set("requirepass", password)
    return settings


def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    log = Log(settings.text("loglevel"))
    engine = Engine.open(
        Path(settings.text("data")),
        sync=Sync(settings.text("sync")),
        options=Options(
            memory_table_bytes=settings.integer("memory-table"),
            log_bytes=settings.integer("log-size"),
            reserve_bytes=settings.integer("disk-reserve"),
            cache_bytes=settings.integer("segment-cache"),
            verify=bool(settings["verify-at-start"]),
        ),
    )
    try:
        addresses = settings["bind"]
        assert isinstance(addresses, tuple)
        listeners: dict[str, socket.socket] = {}
        for address in addresses:
            listener = listen(
                address,
                backlog=settings.integer("tcp-backlog"),
                mode=int(settings.text("unixsocketperm"), 8),
            )
            listeners[shown_address(address, listener)] = listener
        _make_room_for_clients(settings, log)
        core = Core(engine, settings, log)
        core.config_file = str(arguments.conf.absolute()) if arguments.conf else ""
        core.addresses = list(listeners)
        loop = Loop(core, listeners, _metrics(settings))
        loop.stop_on_signals()
        # PERF: what lives as long as the process need not be looked at again and again.
        gc.collect()
        gc.freeze()
        log.notice(
            "ready",
            listening=core.addresses,
            data=settings.text("data"),
            sync=settings.text("sync"),
            sequence=engine.sequence,
            pid=os.getpid(),
        )
        loop.run()
    finally:
        engine.close()
    for name in core.addresses:
        if name.startswith("/"):
            Path(name).unlink(missing_ok=True)
    log.notice("stopped", sequence=engine.sequence)
    return 0


def _make_room_for_clients(settings: Settings, log: Log) -> None:
    """Raise the limit of open files to what maxclients needs, or lower maxclients."""
    wanted = settings.integer("maxclients") + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    room = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
    if room < wanted:
        settings.values["maxclients"] = max(room - _OWN_FILES, 1)
        log.warning(
            "fewer clients than asked for",
            maxclients=settings["maxclients"],
            reason=f"the limit of open files is {hard}",
        )


def _metrics(settings: Settings) -> socket.socket | None:
    address = settings.text("metrics")
    return listen(address, backlog=16, mode=0o600) if address else None


def _tell(report: Report) -> int:
    """Print a report; 0 if all is well."""
    print("\n".join(report.lines()))
    return 0 if report.ok else 1


def _check(arguments: argparse.Namespace) -> int:
    if arguments.backup:
        return _tell(verify_backup(arguments.data))
    return _tell(check(arguments.data))


def _backup(arguments: argparse.Namespace) -> int:
    # WHY: it reads and sums up the whole store beside a server that has clients.
    os.nice(19)
    return _tell(backup(arguments.data, arguments.target, link=arguments.link))


def _restore(arguments: argparse.Namespace) -> int:
    return _tell(restore(arguments.source, arguments.data))


def _repair(arguments: argparse.Namespace) -> int:
    return _tell(repair(arguments.data))

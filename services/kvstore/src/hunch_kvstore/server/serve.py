"""Starts a server: settings, the engine, listeners and the loop, until it is stopped."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Final

from hunch_kvstore.engine import Engine, Options, StoreError, Sync
from hunch_kvstore.server.core import Core
from hunch_kvstore.server.listener import listen, shown_address
from hunch_kvstore.server.logline import Log
from hunch_kvstore.server.loop import Loop
from hunch_kvstore.server.setting import SettingError, Settings

_OWN_FILES: Final = 512  # segments, logs, listeners, children's pipes


def run(arguments: argparse.Namespace) -> int:
    """Serve as the command line says; return the exit status."""
    try:
        _serve(_settings(arguments), arguments.conf)
    except (SettingError, StoreError, OSError) as error:
        print(f"hunch-kvstore: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingError) else 1
    return 0


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


def _serve(settings: Settings, conf: Path | None) -> None:
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
        core.config_file = str(conf.absolute()) if conf else ""
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

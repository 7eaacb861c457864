"""CONFIG GET and CONFIG SET: the settings under Redis's names and with its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hunch_kvstore.keyspace.compact import Compact
from hunch_kvstore.resp.reply import CommandError
from hunch_kvstore.server.setting import BY_NAME, FIXED, Settings

if TYPE_CHECKING:
    from pathlib import Path

_REDIS_NAMES: Final = {
    "appendfsync": "sync",
    "slaveof": "replicaof",
    "hash-max-ziplist-entries": "hash-max-listpack-entries",
    "hash-max-ziplist-value": "hash-max-listpack-value",
    "zset-max-ziplist-entries": "zset-max-listpack-entries",
    "zset-max-ziplist-value": "zset-max-listpack-value",
}

# What Redis itself refuses to change while it runs, even to what it is.
_IMMUTABLE: Final = frozenset(
    (
        *("cluster-enabled", "daemonize", "databases", "io-threads", "tcp-backlog"),
        *("unixsocket", "unixsocketperm", "replicaof", "aclfile", "logfile", "pidfile"),
        *("enable-debug-command", "enable-module-command", "io-threads-do-reads"),
        *("always-show-logo", "set-proc-title", "supervised", "syslog-enabled"),
    )
)


def shown(
    settings: Settings, folder: Path, addresses: Sequence[str] = ()
) -> dict[str, str]:
    """Return every setting as CONFIG GET shows it."""
    found = {name: settings.shown(name) for name in BY_NAME} | FIXED
    found |= {theirs: found[ours] for theirs, ours in _REDIS_NAMES.items()}
    ports = [where.rpartition(":")[2] for where in addresses if "/" not in where]
    paths = [where for where in addresses if "/" in where]
    found |= {"port": ports[0] if ports else "0", "unixsocket": "".join(paths[:1])}
    found["dir"] = str(folder.absolute())
    return found


def compact(settings: Settings) -> Compact:
    """Return up to where OBJECT ENCODING names a compact encoding."""
    return Compact(
        settings.integer("hash-max-listpack-entries"),
        settings.integer("hash-max-listpack-value"),
        settings.integer("zset-max-listpack-entries"),
        settings.integer("zset-max-listpack-value"),
    )


def change(
    settings: Settings, pairs: list[tuple[bytes, bytes]], now: Mapping[str, str]
) -> None:
    """Change settings, all of them or none.

    Args:
        settings: The values in force.
        pairs: Names and new values.
        now: What CONFIG GET shows; what cannot be changed may be set to that.

    Raises:
        CommandError: As Redis words it.
    """
    changes: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name = raw_name.decode("utf-8", "replace").lower()
        ours = _REDIS_NAMES.get(name, name)
        if ours not in now:
            raise CommandError(
                "ERR Unknown option or number of arguments for CONFIG SET - "
                f"'{raw_name.decode('utf-8', 'replace')}'"
            )
        if ours in _IMMUTABLE:
            raise CommandError(_failed(name) + "can't set immutable config")
        if ours in changes:
            raise CommandError(_failed(name) + "duplicate parameter")
        changes[ours] = raw_value.decode("utf-8", "surrogateescape")
    before = dict(settings.values)
    names = [raw_name.decode("utf-8", "replace").lower() for raw_name, _ in pairs]
    try:
        for name, (ours, text) in zip(names, changes.items(), strict=True):
            if ours in BY_NAME and BY_NAME[ours].changeable:
                _change_one(settings, name, ours, text)
            elif text != now[ours]:
                raise CommandError(_failed(name) + "can't set immutable config")
    except CommandError:
        settings.values = before
        raise


def _failed(name: str) -> str:
    return f"ERR CONFIG SET failed (possibly related to argument '{name}') - "


def _change_one(settings: Settings, name: str, ours: str, text: str) -> None:
    try:
        settings.values[ours] = BY_NAME[ours].read(text)
    except ValueError as error:
        raise CommandError(_failed(name) + str(error)) from None

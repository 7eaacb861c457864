"""CONFIG GET and CONFIG SET: the settings under Redis's names and with its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hunch_kvstore.keyspace.compact import Compact
from hunch_kvstore.resp.reply import CommandError
from hunch_kvstore.server.setting import BY_NAME, FIXED, Settings

if TYPE_CHECKING:
    from pathlib import Path

_REDIS_NAMES: Final = {
    "appendfsync": "sync",
    "hash-max-ziplist-entries": "hash-max-listpack-entries",
    "hash-max-ziplist-value": "hash-max-listpack-value",
    "zset-max-ziplist-entries": "zset-max-listpack-entries",
    "zset-max-ziplist-value": "zset-max-listpack-value",
}


def shown(settings: Settings, folder: Path) -> dict[str, str]:
    """Return every setting as CONFIG GET shows it."""
    found = {name: settings.shown(name) for name in BY_NAME} | FIXED
    found |= {theirs: found[ours] for theirs, ours in _REDIS_NAMES.items()}
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


def change(settings: Settings, pairs: list[tuple[bytes, bytes]]) -> None:
    """Change settings, all of them or none.

    Raises:
        CommandError: As Redis words it.
    """
    before = dict(settings.values)
    seen: set[str] = set()
    try:
        for raw_name, raw_value in pairs:
            name = raw_name.decode("utf-8", "replace").lower()
            if _REDIS_NAMES.get(name, name) in seen:
                raise CommandError(_failed(name) + "duplicate parameter")
            seen.add(_REDIS_NAMES.get(name, name))
            text = raw_value.decode("utf-8", "surrogateescape")
            _change_one(settings, name, text)
    except CommandError:
        settings.values = before
        raise


def _failed(name: str) -> str:
    return f"ERR CONFIG SET failed (possibly related to argument '{name}') - "


def _change_one(settings: Settings, name: str, text: str) -> None:
    failed = _failed(name)
    if FIXED.get(name) == text:
        return
    if name in FIXED:
        raise CommandError(failed + "can't set immutable config")
    row = BY_NAME.get(_REDIS_NAMES.get(name, name))
    if row is None:
        raise CommandError(
            f"ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
        )
    if not row.changeable:
        raise CommandError(failed + "can't set immutable config")
    try:
        settings.values[row.name] = row.read(text)
    except ValueError as error:
        raise CommandError(failed + str(error)) from None

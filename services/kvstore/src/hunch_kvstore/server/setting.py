"""Every setting in one table: the conf file, the command line and CONFIG read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

Value: TypeAlias = str | int | bool | tuple[str, ...]

_SIZE: Final = re.compile(r"(\d+)(b|k|kb|m|mb|g|gb)?", re.IGNORECASE)
_UNITS: Final = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1024,
    "m": 1000**2,
    "mb": 1024**2,
    "g": 1000**3,
    "gb": 1024**3,
}


class SettingError(Exception):
    """A setting that cannot be used: what is wrong, where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: As in the conf file and in CONFIG.
        default: Its value when nothing is said.
        read: Makes a value of the text; raises ValueError with a short reason.
        changeable: Whether CONFIG SET may change it while the server runs.
    """

    name: str
    default: Value
    read: Callable[[str], Value]
    changeable: bool = True


def _number(low: int, high: int) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("argument couldn't be parsed into an integer") from None
        if not low <= value <= high:
            raise ValueError(f"argument must be between {low} and {high} inclusive")
        return value

    return read


def _size(text: str) -> Value:
    return _bytes_of(text)


def _bytes_of(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("argument must be a memory value")
    return int(found[1]) * _UNITS[(found[2] or "").lower()]


def _size_from(low: int) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        value = _bytes_of(text)
        if not low <= value < 2**63:
            said = f"argument must be between {low} and {2**63 - 1} inclusive"
            raise ValueError(said)
        return value

    return read


def _switch(text: str) -> Value:
    if text.lower() not in ("yes", "no"):
        raise ValueError("argument must be 'yes' or 'no'")
    return text.lower() == "yes"


def _word(*words: str) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        if text.lower() not in words:
            raise ValueError(
                "argument(s) must be one of the following: " + ", ".join(words)
            )
        return text.lower()

    return read


def _text(text: str) -> Value:
    return text


def _mode(text: str) -> Value:
    if not re.fullmatch("0?[0-7]{3}", text):
        raise ValueError("argument must be an octal mode such as 660")
    return text


def _buffer_limits(text: str) -> Value:
    words = text.split()
    if len(words) % 4 or not words:
        raise ValueError(
            "argument must be groups of: class hard-limit soft-limit seconds"
        )
    out: list[str] = []
    for at in range(0, len(words), 4):
        if words[at] not in ("normal", "replica", "slave", "pubsub"):
            raise ValueError("the class must be normal, replica or pubsub")
        out.append(words[at])
        out += [str(_size(words[at + 1])), str(_size(words[at + 2]))]
        out.append(str(_number(0, 2**31)(words[at + 3])))
    return " ".join(out)


_GB: Final = 1024**3
_INT: Final = 2**31 - 1
ROWS: Final = (
    Setting("bind", (), _text, changeable=False),
    Setting("data", "data", _text, changeable=False),
    Setting("sync", "everysec", _word("everysec", "always", "no")),
    Setting("memory-table", 64 * 1024**2, _size, changeable=False),
    Setting("log-size", 256 * 1024**2, _size, changeable=False),
    Setting("segment-cache", 64 * 1024**2, _size, changeable=False),
    Setting("disk-reserve", 64 * 1024**2, _size, changeable=False),
    Setting("disk-failure", "exit", _word("exit", "serve")),
    Setting("verify-at-start", True, _switch, changeable=False),
    Setting("unixsocketperm", "660", _mode, changeable=False),
    Setting("protected-mode", True, _switch),
    Setting("requirepass", "", _text),
    Setting("requirepass-file", "", _text, changeable=False),
    Setting("maxclients", 10000, _number(1, _INT)),
    Setting("timeout", 0, _number(0, _INT)),
    Setting("tcp-keepalive", 300, _number(0, _INT)),
    Setting("busy-poll-us", 20, _number(0, 1000), changeable=False),
    Setting("tcp-backlog", 511, _number(0, _INT), changeable=False),
    Setting("client-query-buffer-limit", _GB, _size_from(1024**2)),
    Setting("proto-max-bulk-len", 512 * 1024**2, _size_from(1024**2)),
    Setting(
        "client-output-buffer-limit",
        "normal 1073741824 268435456 60 pubsub 33554432 8388608 60",
        _buffer_limits,
    ),
    Setting("slowlog-log-slower-than", 10000, _number(-1, 2**63 - 1)),
    Setting("slowlog-max-len", 128, _number(0, 2**63 - 1)),
    Setting("acllog-max-len", 128, _number(0, 2**63 - 1)),
    Setting("latency-monitor-threshold", 0, _number(0, 2**63 - 1)),
    Setting("tracking-table-max-keys", 1_000_000, _number(0, 2**63 - 1)),
    Setting("hash-max-listpack-entries", 512, _number(0, 2**63 - 1)),
    Setting("hash-max-listpack-value", 64, _size),
    Setting("zset-max-listpack-entries", 128, _number(0, 2**63 - 1)),
    Setting("zset-max-listpack-value", 64, _size),
    Setting("enable-debug-command", False, _switch, changeable=False),
    Setting("loglevel", "notice", _word("debug", "verbose", "notice", "warning")),
    Setting("metrics", "", _text, changeable=False),
)
BY_NAME: Final = {row.name: row for row in ROWS}

# What Redis has and asks for by other names, or what has one value only here.
FIXED: Final = {
    "save": "",
    "appendonly": "yes",
    "databases": "1",
    "maxmemory": "0",
    "maxmemory-clients": "0",
    "maxmemory-policy": "noeviction",
    "maxmemory-samples": "5",
    "io-threads": "1",
    "cluster-enabled": "no",
    "activedefrag": "no",
    "aclfile": "",
    "always-show-logo": "no",
    "dynamic-hz": "no",
    "enable-module-command": "no",
    "hz": "10",
    "io-threads-do-reads": "no",
    "latency-tracking-info-percentiles": "50 99 99.9",
    "lazyfree-lazy-eviction": "no",
    "lazyfree-lazy-expire": "no",
    "lazyfree-lazy-server-del": "no",
    "lazyfree-lazy-user-del": "no",
    "lazyfree-lazy-user-flush": "no",
    "logfile": "",
    "masterauth": "",
    "masteruser": "",
    "min-replicas-to-write": "0",
    "no-appendfsync-on-rewrite": "no",
    "pidfile": "",
    "set-proc-title": "no",
    "stop-writes-on-bgsave-error": "yes",
    "supervised": "no",
    "syslog-enabled": "no",
    "tls-port": "0",
    "daemonize": "no",
    "notify-keyspace-events": "",
    "latency-tracking": "yes",
    "replicaof": "",
}


class Settings:
    """The values in force."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {row.name: row.default for row in ROWS}

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def integer(self, name: str) -> int:
        """Return a number."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def shown(self, name: str) -> str:
        """Return a value as CONFIG GET shows it."""
        value = self.values[name]
        if isinstance(value, bool):
            return "yes" if value else "no"
        return " ".join(value) if isinstance(value, tuple) else str(value)

    def set(self, name: str, text: str) -> None:
        """Change one value; ``bind`` collects.

        Raises:
            SettingError: If there is no such setting or the text is no value of it.
        """
        row = BY_NAME.get(name)
        if row is None:
            near = [other for other in BY_NAME if other[:4] == name[:4]]
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingError(f"there is no setting {name!r}{hint}")
        try:
            value = row.read(text)
        except ValueError as error:
            raise SettingError(f"{name} {text!r}: {error}") from None
        if name == "bind":
            before = self.values["bind"]
            assert isinstance(before, tuple)
            value = (*before, *text.split())
        self.values[name] = value

    def read_file(self, path: Path) -> None:
        """Take every line of a conf file.

        Raises:
            SettingError: With file and line, for the first that cannot be used.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise SettingError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingError(f"{path}: not UTF-8 text ({error.reason})") from error
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, _, text = line.partition(" ")
            text = text.strip()
            if len(text) > 1 and text[0] == text[-1] == '"':
                text = text[1:-1]
            elif not text:
                raise SettingError(f"{path}:{number}: {name!r} has no value")
            try:
                self.set(name.lower(), text)
            except SettingError as error:
                raise SettingError(f"{path}:{number}: {error}") from None

"""Commands on keys of any type: deletion, names, enumeration."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import chain, islice

from hunch_kvstore.commands.arguments import SYNTAX, integer, try_integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.encoding import (
    KIND,
    LARGE,
    META,
    STRING,
    TEXT,
    TYPE_NAMES,
    body_at,
)
from hunch_kvstore.keyspace.glob import compile_glob, literal_prefix
from hunch_kvstore.resp.reply import OK, CommandError, Reply, Simple


@command(
    "DEL",
    complexity="O(N) with the number of keys, whatever their size",
)
def del_(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Delete keys; answer how many were there."""
    return sum(ctx.keys.delete(key) for key in args)


@command(
    "UNLINK",
    complexity="O(N) with the number of keys, whatever their size",
)
def unlink(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Do what DEL does, which never waits for the members of a key anyway."""
    return sum(ctx.keys.delete(key) for key in args)


@command("EXISTS")
def exists(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the keys that are there, repetitions too."""
    return sum(ctx.keys.exists(key) for key in args)


@command("TOUCH")
def touch(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Count the keys that are there; times of access are not kept."""
    return sum(ctx.keys.exists(key) for key in args)


@command("TYPE")
def type_(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer string, hash, zset or none."""
    return Simple(ctx.keys.type_name(args[0]))


def _rename(ctx: Context, args: Sequence[bytes], *, only_if_free: bool) -> bool:
    source, target = args
    record = ctx.keys.record(source)
    if record is None:
        raise CommandError("ERR no such key")
    if source == target:
        return not only_if_free
    if only_if_free and ctx.keys.exists(target):
        return False
    ctx.keys.rename(source, target, record)
    return True


@command("RENAME")
def rename(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Give a key another name."""
    _rename(ctx, args, only_if_free=False)
    return OK


@command("RENAMENX")
def renamenx(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Give a key another name if that is free."""
    return int(_rename(ctx, args, only_if_free=True))


@command(
    "COPY",
    complexity="O(N) with the number of members",
)
def copy(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Copy a key of any type."""
    source, target = args[0], args[1]
    replace = False
    at = 2
    while at < len(args):
        option = args[at].upper()
        if option == b"REPLACE":
            replace = True
        elif option == b"DB" and at + 1 < len(args):
            at += 1
            if integer(args[at]) != 0:
                raise CommandError("ERR DB index is out of range")
        else:
            raise CommandError(SYNTAX)
        at += 1
    if source == target:
        raise CommandError("ERR source and destination objects are the same")
    record = ctx.keys.counted(ctx.keys.looked_up, source)
    if record is None:
        return 0
    if ctx.keys.exists(target):
        if not replace:
            return 0
        ctx.keys.delete(target)
    ctx.keys.copy(target, record)
    return 1


@command(
    "KEYS",
    complexity="O(N) with the number of keys that share the pattern's literal beginning",
)
def keys(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer every matching key; a literal beginning narrows the walk."""
    match = compile_glob(args[0]).fullmatch
    found: list[Reply] = []
    for key, _ in ctx.keys.walk(literal_prefix(args[0])):
        if match(key):
            found.append(key)
    return found


@command(
    "RANDOMKEY",
    complexity="O(log N)",
)
def randomkey(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer one of the eight keys after a random place between first and last.

    After the last comes the first again, so that every key has its turn.
    LIMIT: keys after a wide gap come more often than others.
    """
    first: bytes | None = next((key for key, _ in ctx.keys.walk()), None)
    if first is None:
        return None
    last = next((raw[1:] for raw, _ in ctx.tx.scan(META, b"n", reverse=True)), first)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    low = int.from_bytes(first[shared : shared + 16].ljust(16, b"\0"))
    high = int.from_bytes(last[shared : shared + 16].ljust(16, b"\xff"))
    place = first[:shared] + random.randint(low, max(low, high)).to_bytes(16)
    circle = chain(ctx.keys.walk(start=place), ctx.keys.walk())
    return random.choice(list({key: None for key, _ in islice(circle, 8)}))


def scan_options(
    args: Sequence[bytes], *, takes_type: bool = False
) -> tuple[bytes | None, int, bytes | None]:
    """Read MATCH, COUNT and TYPE; answer the pattern, the count and the type.

    Raises:
        CommandError: On anything else.
    """
    pattern: bytes | None = None
    kind: bytes | None = None
    count = 10
    at = 0
    while at < len(args):
        option = args[at].upper()
        if at + 1 >= len(args):
            raise CommandError(SYNTAX)
        value = args[at + 1]
        if option == b"COUNT":
            count = integer(value)
            if count < 1:
                raise CommandError(SYNTAX)
        elif option == b"MATCH":
            pattern = value
        elif option == b"TYPE" and takes_type:
            kind = value.lower()
        else:
            raise CommandError(SYNTAX)
        at += 2
    return pattern, count, kind


def cursor(raw: bytes) -> int:
    """Read a cursor: an unsigned 64-bit number.

    Raises:
        CommandError: If it is none.
    """
    if not raw:
        return 0  # SPEC: what C's strtoul makes of it
    digits = raw[1:] if raw[:1] in (b"+", b"-") else raw
    if not digits.isdigit() or len(digits) > 20:
        raise CommandError("ERR invalid cursor")
    number = int(raw)
    if abs(number) >= 2**64:
        raise CommandError("ERR invalid cursor")
    return number % 2**64


@command("SCAN")
def scan(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer a page of keys in their order, and where the next one begins."""
    number = cursor(args[0])
    pattern, count, kind = scan_options(args[1:], takes_type=True)
    prefix = literal_prefix(pattern) if pattern is not None else b""
    match = compile_glob(pattern).fullmatch if pattern is not None else None
    start = ctx.server.cursors.position(number)
    found: list[Reply] = []
    for seen, (key, record) in enumerate(ctx.keys.walk(prefix, start)):
        if seen >= count:
            return [b"%d" % ctx.server.cursors.remember(key), found]
        if match is not None and not match(key):
            continue
        if kind is not None:
            ctx.keys.hits += 1  # SPEC: Redis looks the key up to see its type
            if TYPE_NAMES[record[0] & KIND] != kind:
                continue
        found.append(key)
    return [b"0", found]


@command(
    "DBSIZE",
    complexity="O(1); keys not yet counted after a start are counted then",
)
def dbsize(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Count the keys."""
    return ctx.server.key_count()


def _flush(ctx: Context, args: Sequence[bytes]) -> Reply:
    if len(args) > 1 or (args and args[0].upper() not in (b"SYNC", b"ASYNC")):
        raise CommandError(SYNTAX)
    ctx.server.clear(ctx)
    return OK


@command(
    "FLUSHDB",
    complexity="O(1)",
)
def flushdb(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Remove every key and every index."""
    return _flush(ctx, args)


@command(
    "FLUSHALL",
    complexity="O(1)",
)
def flushall(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Remove every key and every index."""
    return _flush(ctx, args)


def encoding_name(ctx: Context, key: bytes) -> bytes | None:
    """Return the name Redis has for the way it would hold this value."""
    record = ctx.keys.looked_up(key)
    if record is None:
        return None
    large = bool(record[0] & LARGE)
    if record[0] & KIND == STRING:
        value = record[body_at(record) :]
        if large:
            return b"raw"
        if not record[0] & TEXT and try_integer(value) is not None:
            return b"int"
        return b"embstr" if len(value) <= 44 else b"raw"
    if TYPE_NAMES[record[0] & KIND] == b"hash":
        return b"hashtable" if large else b"listpack"
    return b"skiplist" if large else b"listpack"

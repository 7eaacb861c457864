"""MULTI, EXEC, DISCARD, WATCH, UNWATCH."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.resp.reply import (
    NO_REPLY,
    OK,
    CommandError,
    NullArray,
    Reply,
)

_FLAGS = "noscript loading stale fast allow_busy"


def reset_queue(ctx: Context) -> None:
    """Leave the transaction and stop watching."""
    ctx.client.queue = None
    ctx.server.unwatch(ctx.client)


@command(
    "MULTI",
    arity=1,
    flags=_FLAGS,
    group="transactions",
    since="1.2.0",
    summary="Starts a transaction.",
)
def multi(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Begin to collect commands."""
    if ctx.client.queue is not None:
        raise CommandError("ERR MULTI calls can not be nested")
    ctx.client.queue = ctx.server.new_queue()
    return OK


@command(
    "DISCARD",
    arity=1,
    flags=_FLAGS,
    group="transactions",
    since="2.0.0",
    summary="Discards a transaction.",
)
def discard(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Forget what was collected."""
    if ctx.client.queue is None:
        raise CommandError("ERR DISCARD without MULTI")
    reset_queue(ctx)
    return OK


@command(
    "WATCH",
    arity=-2,
    flags=_FLAGS,
    keys=(1, -1, 1),
    group="transactions",
    since="2.2.0",
    summary="Monitors changes to keys to determine the execution of a transaction.",
    complexity="O(1) for every key",
    arguments="key [key ...]",
)
def watch(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Let EXEC fail if any of these keys changes before it."""
    if ctx.client.queue is not None:
        raise CommandError("ERR WATCH inside MULTI is not allowed")
    if not ctx.client.is_dirty:
        for key in args:
            ctx.server.watch(ctx.client, key)
    return OK


@command(
    "UNWATCH",
    arity=1,
    flags=_FLAGS,
    group="transactions",
    since="2.2.0",
    summary="Forgets about watched keys of a transaction.",
)
def unwatch(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Stop watching."""
    ctx.server.unwatch(ctx.client)
    return OK


@command(
    "EXEC",
    arity=1,
    flags="noscript loading stale skip_slowlog",
    group="transactions",
    since="1.2.0",
    summary="Executes all commands in a transaction.",
    complexity="As the commands queued",
)
def exec_(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Run what was collected: one commit, all or nothing."""
    client, server = ctx.client, ctx.server
    queue = client.queue
    if queue is None:
        raise CommandError("ERR EXEC without MULTI")
    is_dirty = client.is_dirty or any(
        not was_expired and server.has_expired(key)
        for key, was_expired in client.watched.items()
    )
    reset_queue(ctx)
    if queue.is_broken:
        raise CommandError(
            "EXECABORT Transaction discarded because of previous errors."
        )
    if is_dirty:
        return NullArray
    # WHY: a blocking command inside a transaction answers as if its time were over.
    writes = any(row.is_write for row, _ in queue.commands)
    replies: list[Reply] = []
    if writes:
        server.begin()
    server.executing = True
    try:
        for row, words in queue.commands:
            try:
                reply = server.run(client, row, words)
            except CommandError as error:
                row.failed += 1
                server.count.error(error)
                reply = error
            row.calls += 1
            if reply is not NO_REPLY:
                replies.append(reply)
    except BaseException:
        if writes:
            server.abort()
        raise
    finally:
        server.executing = False
    if writes:
        server.commit()
    return replies

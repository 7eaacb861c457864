"""MULTI, EXEC, DISCARD, WATCH, UNWATCH."""

from __future__ import annotations

import time
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


def reset_queue(ctx: Context) -> None:
    """Leave the transaction and stop watching."""
    ctx.client.queue = None
    ctx.server.watching.unwatch(ctx.client)


@command("MULTI")
def multi(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Begin to collect commands."""
    if ctx.client.queue is not None:
        raise CommandError("ERR MULTI calls can not be nested")
    ctx.client.queue = ctx.server.new_queue()
    return OK


@command("DISCARD")
def discard(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Forget what was collected."""
    if ctx.client.queue is None:
        raise CommandError("ERR DISCARD without MULTI")
    reset_queue(ctx)
    return OK


@command("WATCH")
def watch(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Let EXEC fail if any of these keys changes before it."""
    if ctx.client.queue is not None:
        raise CommandError("ERR WATCH inside MULTI is not allowed")
    if not ctx.client.is_dirty:
        for key in args:
            ctx.server.watching.watch(ctx.client, key)
    return OK


@command("UNWATCH")
def unwatch(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Stop watching."""
    ctx.server.watching.unwatch(ctx.client)
    return OK


@command("EXEC")
def exec_(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Run what was collected: one commit, all or nothing."""
    client, server = ctx.client, ctx.server
    work = server.work
    queue = client.queue
    if queue is None:
        raise CommandError("ERR EXEC without MULTI")
    is_dirty = server.watching.is_spoilt(client)
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
        work.begin()
    work.executing = True
    try:
        for row, words in queue.commands:
            started = time.perf_counter_ns()
            try:
                reply = server.run(client, row, words)
            except CommandError as error:
                row.failed += 1
                server.count.error(error)
                reply = error
            server.called(client, row, words, time.perf_counter_ns() - started)
            if reply is not NO_REPLY:
                replies.append(reply)
    except BaseException:
        if writes:
            work.abort()
        raise
    finally:
        work.executing = False
    if writes:
        work.commit()
    return replies

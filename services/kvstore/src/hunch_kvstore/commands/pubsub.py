"""Publish and subscribe."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_kvstore.commands.arguments import wrong_subcommand
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.glob import matches
from hunch_kvstore.resp.reply import NO_REPLY, CommandError, Push, Reply


def _subscribe(ctx: Context, names: Sequence[bytes], *, is_pattern: bool) -> Reply:
    word = b"psubscribe" if is_pattern else b"subscribe"
    for name in names:
        count = ctx.server.pubsub.subscribe(ctx.client, name, is_pattern=is_pattern)
        ctx.client.send(Push((word, name, count)))
    return NO_REPLY


def _unsubscribe(ctx: Context, names: Sequence[bytes], *, is_pattern: bool) -> Reply:
    word = b"punsubscribe" if is_pattern else b"unsubscribe"
    client = ctx.client
    mine = client.patterns if is_pattern else client.channels
    doomed = names or list(mine)
    if not doomed:
        left = len(client.channels) + len(client.patterns)
        client.send(Push((word, None, left)))
    for name in doomed:
        count = ctx.server.pubsub.unsubscribe(client, name, is_pattern=is_pattern)
        client.send(Push((word, name, count)))
    return NO_REPLY


@command("SUBSCRIBE")
def subscribe(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Listen to channels."""
    return _subscribe(ctx, args, is_pattern=False)


@command("PSUBSCRIBE")
def psubscribe(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Listen to all channels that match."""
    return _subscribe(ctx, args, is_pattern=True)


@command("UNSUBSCRIBE")
def unsubscribe(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Stop listening to these channels, or to all."""
    return _unsubscribe(ctx, args, is_pattern=False)


@command("PUNSUBSCRIBE")
def punsubscribe(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Stop listening to these patterns, or to all."""
    return _unsubscribe(ctx, args, is_pattern=True)


@command("PUBLISH")
def publish(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Send a message; answer how many got it."""
    return ctx.server.publish(args[0], args[1])


@command("PUBSUB")
def pubsub(_ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Hold the subcommands."""
    raise CommandError("ERR syntax error")


@command("PUBSUB|CHANNELS")
def pubsub_channels(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer the channels somebody listens to."""
    if len(args) > 1:
        raise wrong_subcommand(b"PUBSUB", ctx.said)
    return [
        name
        for name in ctx.server.pubsub.channels
        if not args or matches(args[0], name)
    ]


@command("PUBSUB|NUMSUB")
def pubsub_numsub(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Answer channels and how many listen to each."""
    out: list[Reply] = []
    for name in args:
        out += (name, len(ctx.server.pubsub.channels.get(name, ())))
    return out


@command("PUBSUB|NUMPAT")
def pubsub_numpat(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Count the patterns."""
    return len(ctx.server.pubsub.patterns)

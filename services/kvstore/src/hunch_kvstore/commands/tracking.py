"""CLIENT TRACKING and what goes with it: clients that keep what they have read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

from hunch_kvstore.commands.arguments import SYNTAX, integer
from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.resp.reply import OK, CommandError, Members, Reply
from hunch_kvstore.server.tracking import Tracker, redirect_of

_MODES = {
    b"BCAST": "bcast",
    b"OPTIN": "optin",
    b"OPTOUT": "optout",
    b"NOLOOP": "noloop",
}


@command("CLIENT|TRACKING")
def client_tracking(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Tell this client, or another, when keys change that it has read or follows."""
    wanted = _read(ctx, args[1:])
    mode = args[0].upper()
    if mode == b"ON":
        _check(wanted, ctx.client.tracking)
        ctx.server.tracking.join(ctx.client, wanted)
    elif mode == b"OFF":
        ctx.server.tracking.leave(ctx.client)
    else:
        raise CommandError(SYNTAX)
    return OK


def _read(ctx: Context, words: Sequence[bytes]) -> Tracker:
    found = Tracker()
    modes: set[str] = set()
    at = 0
    while at < len(words):
        word = words[at].upper()
        has_more = at + 1 < len(words)
        if word == b"REDIRECT" and has_more:
            if found.redirect:
                raise CommandError(
                    "ERR A client can only redirect to a single other client"
                )
            found.redirect = integer(words[at + 1])
            if found.redirect not in ctx.server.clients:
                raise CommandError(
                    "ERR The client ID you want redirect to does not exist"
                )
            at += 1
        elif word == b"PREFIX" and has_more:
            found.prefixes.append(words[at + 1])
            at += 1
        elif word in _MODES:
            modes.add(_MODES[word])
        else:
            raise CommandError(SYNTAX)
        at += 1
    found.modes = frozenset(modes)
    return found


def _check(wanted: Tracker, now: Tracker | None) -> None:
    """Refuse what does not go together, or with what the client does now.

    Raises:
        CommandError: As Redis words it.
    """
    modes = wanted.modes
    before = now.modes if now is not None else frozenset()
    other = (
        "before disabling tracking for this client, and then re-enabling it with a "
        "different mode."
    )
    if wanted.prefixes and "bcast" not in modes:
        raise CommandError("ERR PREFIX option requires BCAST mode to be enabled")
    if now is not None and ("bcast" in modes) != ("bcast" in before):
        raise CommandError(f"ERR You can't switch BCAST mode on/off {other}")
    if "bcast" in modes and modes & {"optin", "optout"}:
        raise CommandError("ERR OPTIN and OPTOUT are not compatible with BCAST")
    if {"optin", "optout"} <= modes:
        raise CommandError("ERR You can't specify both OPTIN mode and OPTOUT mode")
    if ("optin" in modes and "optout" in before) or (
        "optout" in modes and "optin" in before
    ):
        raise CommandError(f"ERR You can't switch OPTIN/OPTOUT mode {other}")
    old = now.prefixes if now is not None else []
    for mine, theirs in product(wanted.prefixes, old):
        _must_differ(mine, theirs, b"an existing")
    for mine, theirs in combinations(wanted.prefixes, 2):
        _must_differ(mine, theirs, b"another provided")


def _must_differ(one: bytes, other: bytes, which: bytes) -> None:
    if one.startswith(other) or other.startswith(one):
        raise CommandError(
            b"ERR Prefix '%b' overlaps with %b prefix '%b'. "
            b"Prefixes for a single client must not overlap." % (one, which, other)
        )


@command("CLIENT|CACHING")
def client_caching(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Let the next command's keys be tracked (OPTIN) or not (OPTOUT)."""
    tracker = ctx.client.tracking
    if tracker is None:
        raise CommandError(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode "
            "with OPTIN or OPTOUT mode enabled"
        )
    word = args[0].upper()
    if word not in (b"YES", b"NO"):
        raise CommandError(SYNTAX)
    mode = "optin" if word == b"YES" else "optout"
    if mode not in tracker.modes:
        raise CommandError(
            f"ERR CLIENT CACHING {word.decode()} is only valid when tracking is enabled "
            f"in {mode.upper()} mode."
        )
    tracker.is_caching = True
    return OK


@command("CLIENT|GETREDIR")
def client_getredir(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer which client gets the messages; 0 is this one, -1 is nobody."""
    return redirect_of(ctx.client.tracking)


@command("CLIENT|TRACKINGINFO")
def client_trackinginfo(ctx: Context, _args: Sequence[bytes]) -> Reply:
    """Answer what CLIENT TRACKING asked for."""
    tracker = ctx.client.tracking
    if tracker is None:
        flags = ["off"]
    else:
        flags = ["on"]
        for mode in ("bcast", "optin", "optout", "noloop"):
            if mode in tracker.modes:
                flags.append(mode)
                if tracker.is_caching and mode in ("optin", "optout"):
                    flags.append("caching-yes" if mode == "optin" else "caching-no")
        if tracker.is_broken:
            flags.append("broken_redirect")
    return {
        b"flags": Members(flag.encode() for flag in flags),
        b"redirect": redirect_of(tracker),
        b"prefixes": [] if tracker is None else list(tracker.prefixes),
    }

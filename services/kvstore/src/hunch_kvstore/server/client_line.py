"""A connection in one line, as CLIENT LIST and CLIENT INFO tell it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hunch_kvstore.server.tracking import redirect_of

if TYPE_CHECKING:
    from hunch_kvstore.server.client import Client


def describe(who: Client, running: Sequence[bytes] = ()) -> bytes:
    """Return one line of CLIENT LIST, without its line break.

    Args:
        who: Whose.
        running: The words of the command it is told in, if that is its own.
    """
    now = time.monotonic()
    said = sum(map(len, running))
    queued = 0 if who.queue is None else who.queue.size_bytes
    headers = sum(len(b"$%d\r\n\r\n" % len(word)) for word in running)
    if running:
        headers += len(b"*%d\r\n" % len(running))
    flags = (
        ("O" if who.is_monitor else "")
        + ("P" if who.is_subscribed else "")
        + _tracking_flags(who)
        + ("x" if who.queue is not None else "")
        + ("b" if who.blocked is not None else "")
        + ("d" if who.is_dirty else "")
        + ("e" if who.no_evict else "")
        + ("U" if who.is_local else "")
    )
    received = who.parser.pending_bytes + said + headers
    pairs = (
        ("id", who.number),
        ("addr", who.address),
        ("laddr", who.local_address),
        ("fd", getattr(who.socket, "number", 0)),
        ("name", who.name.decode("ascii", "replace")),
        ("age", int(now - who.born_s)),
        ("idle", int(now - who.last_seen_s)),
        ("flags", flags or "N"),
        ("db", 0),
        ("sub", len(who.channels)),
        ("psub", len(who.patterns)),
        ("ssub", 0),
        ("multi", -1 if who.queue is None else len(who.queue.commands)),
        ("qbuf", received),
        ("qbuf-free", 0),
        ("argv-mem", said),
        ("multi-mem", queued),
        ("rbs", 0),
        ("rbp", 0),
        ("obl", 0),
        ("oll", 0),
        ("omem", who.out_bytes),
        ("tot-mem", received + queued + who.out_bytes),
        ("events", "rw" if getattr(who.socket, "wants_write", False) else "r"),
        ("cmd", who.last_command.lower() or "NULL"),
        ("user", "default"),
        ("redir", redirect_of(who.tracking)),
        ("resp", who.resp),
    )
    return " ".join(f"{name}={value}" for name, value in pairs).encode()


def _tracking_flags(who: Client) -> str:
    tracker = who.tracking
    if tracker is None:
        return ""
    broken = "R" if tracker.is_broken else ""
    return "t" + broken + ("B" if "bcast" in tracker.modes else "")

"""Compares two servers' replies, where Redis promises something to compare."""

from __future__ import annotations

UNORDERED = {b"HGETALL", b"HKEYS", b"HVALS", b"KEYS", b"SCAN", b"HSCAN", b"ZSCAN"}
UNORDERED |= {b"HRANDFIELD", b"ZRANDMEMBER", b"PUBSUB", b"CONFIG"}
ABOUT_NOW_S = {b"TTL", b"EXPIRETIME"}
ABOUT_NOW_MS = {b"PTTL", b"PEXPIRETIME"}


def same(words, ours, theirs):
    """Tell whether the two replies to a command agree."""
    name = words[0].upper() if words else b""
    if name in (b"HRANDFIELD", b"ZRANDMEMBER") and len(words) == 2:
        return ours[:1] == theirs[:1]
    if name in (b"HSCAN", b"ZSCAN") and b"COUNT" in words:
        return type(ours) is type(theirs)  # how much one call gives is not promised
    if name == b"SCAN" and b"COUNT" in words and b"1000" not in words:
        return type(ours) is type(theirs)
    if ours == theirs:
        return True
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        if name == b"HELLO" and len(ours) == len(theirs) > 8 and ours[1] == b"$server":
            return without(ours, 8) == without(theirs, 8)  # the connection's number
        if name == b"EXEC":
            return len(ours) == len(theirs) and all(
                any(same([guess], left, right) for guess in GUESSES)
                for left, right in zip(ours[1:], theirs[1:], strict=True)
            )
        if name in (b"HSCAN", b"ZSCAN") and is_begun(theirs) and not is_begun(ours):
            # Theirs is a hash table of 16 places or more; one call walks 10 of them.
            return all(one in pairs(name, ours) for one in pairs(name, theirs))
        if name in UNORDERED and ours[0] == theirs[0]:
            return flat(name, ours) == flat(name, theirs)
        return False
    if name in ABOUT_NOW_S | ABOUT_NOW_MS and ours[:1] == theirs[:1] == b":":
        room = 1 if name in ABOUT_NOW_S else 1500
        return abs(int(ours[1:]) - int(theirs[1:])) <= room
    if name == b"OBJECT" and words[1].upper() == b"IDLETIME":
        # Ours keeps no time of access; a machine may take seconds to come to it.
        return ours[:1] == theirs[:1] == b":"
    return False


# What a reply inside EXEC may be of: one that must be equal, or one of the loose kinds.
GUESSES = (b"GET", b"HGETALL", b"SCAN", b"HKEYS", b"TTL", b"PTTL", b"HELLO")


def without(items, place):
    return items[:place] + items[place + 1 :]


def flat(name, reply):
    """Return a form of an unordered reply that is equal for equal contents."""
    if name in (b"SCAN", b"HSCAN", b"ZSCAN"):
        if len(reply) != 3 or not isinstance(reply[2], tuple):
            return reply
        kind, cursor, items = reply
        step = scan_step(name)
        return (kind, cursor, items[0], sorted(grouped(items[1:], step), key=repr))
    step = 2 if name == b"HGETALL" else 1
    if name in (b"HRANDFIELD", b"ZRANDMEMBER"):
        return (reply[0], sorted(map(repr, reply[1:])))
    return (reply[0], sorted(grouped(reply[1:], step), key=repr))


def scan_step(name):
    return 1 if name == b"SCAN" else 2


def is_begun(reply):
    """Tell whether a scan's reply says that there is more."""
    return len(reply) == 3 and isinstance(reply[2], tuple) and reply[1] != b"$0"


def pairs(name, reply):
    return grouped(reply[2][1:], scan_step(name))


def grouped(items, step):
    return [items[at : at + step] for at in range(0, len(items), step)]

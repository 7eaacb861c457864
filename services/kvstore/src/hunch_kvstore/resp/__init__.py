"""RESP, the Redis serialization protocol: bytes in, commands out; values in, bytes out.

Nothing here knows sockets, threads or the store.
"""

from hunch_kvstore.resp.reply import (
    NO_REPLY,
    OK,
    CommandError,
    Encoded,
    Members,
    NullArray,
    Pairs,
    Push,
    Reply,
    Simple,
    Verbatim,
)

__all__ = [
    "NO_REPLY",
    "OK",
    "CommandError",
    "Encoded",
    "Members",
    "NullArray",
    "Pairs",
    "Push",
    "Reply",
    "Simple",
    "Verbatim",
]

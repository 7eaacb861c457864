"""Unique ids, packed small, and hashes of objects."""

import hashlib
import json
import secrets
import time
from typing import Literal

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"


def pack(raw: bytes, bits: Literal[4, 5, 6] = 6) -> str:
    """Write `raw` as text of `bits` bits a character.

    Twenty bytes become 40, 32 or 27 characters.
    """
    count = -(-len(raw) * 8 // bits)
    number = int.from_bytes(raw, "big") << (count * bits - len(raw) * 8)
    mask = (1 << bits) - 1
    return "".join(
        _ALPHABET[number >> (i * bits) & mask] for i in range(count - 1, -1, -1)
    )


def uid(bits: Literal[4, 5, 6] = 5, node: bytes = b"") -> str:
    """Return an id unlike any other: from the time, randomness and `node`."""
    seed = time.time_ns().to_bytes(8, "big") + secrets.token_bytes(16) + node
    return pack(hashlib.sha256(seed).digest()[:20], bits)


def object_hash(value: object) -> str:
    """Return a hash of plain data that is the same in every process."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

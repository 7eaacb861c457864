"""Up to where Redis would hold a hash or a sorted set in its compact encoding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compact:
    """The limits of the listpack encodings; nothing is stored differently beyond them.

    Attributes:
        hash_fields: Most fields of a hash.
        hash_bytes: Longest field or value of a hash.
        members: Most members of a sorted set.
        member_bytes: Longest member of a sorted set.
    """

    hash_fields: int = 512
    hash_bytes: int = 64
    members: int = 128
    member_bytes: int = 64

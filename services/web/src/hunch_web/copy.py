"""One finished page."""

from __future__ import annotations

import dataclasses
import gzip

# Path without extension, what of the query matters, media type.
Key = tuple[str, str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """A finished page.

    Attributes:
        tag: The version of the page, without format and quotes; empty if it has none.
        made: When, in seconds since 1970.
        packed: The body compressed by gzip; empty until someone asked twice.
    """

    tag: str
    content_type: str
    body: bytes
    made: float
    packed: bytes = b""

    @property
    def size_bytes(self) -> int:
        """What it takes up."""
        return len(self.body) + len(self.packed)

    def with_packed(self) -> Copy:
        """Return the copy with its compressed form, made once for all who ask again."""
        return dataclasses.replace(self, packed=gzip.compress(self.body, 6, mtime=0))

"""HIGHLIGHT and SUMMARIZE: the words found, marked, and what stands around them."""

from __future__ import annotations

from typing import Self

from .request import Request
from .schema import Schema


class Marker:
    """Marks values of one reply."""

    @classmethod
    def of(cls, request: Request, schema: Schema) -> Self | None:  # noqa: ARG003
        """Return a marker if the request wants marks."""
        return None

    def mark(self, name: bytes, value: bytes) -> bytes:  # noqa: ARG002
        """Return a value with its marks."""
        return value

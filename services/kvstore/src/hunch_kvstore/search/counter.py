"""The running counts of one index, in one record."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from .posting import Reader, Writer

_FORM: Final = Struct("<QQQQQ")  # the second one is of the first format


@dataclass(slots=True)
class Counter:
    """Counts of an index; read it, change it, `save` it, all in one transaction.

    Attributes:
        documents: In the index now.
        arrivals: Documents ever written; the order RediSearch's document ids have.
        failures: Documents left out for a bad value.
        postings: Entries of all posting lists.
    """

    documents: int = 0
    arrivals: int = 0
    failures: int = 0
    postings: int = 0

    @classmethod
    def load(cls, reader: Reader, base: bytes) -> Counter:
        """Read the counts of an index."""
        raw = reader.get(base + b"c")
        if raw is None:
            return cls()
        documents, _, arrivals, failures, postings = _FORM.unpack(raw)
        return cls(documents, arrivals, failures, postings)

    def save(self, tx: Writer, base: bytes) -> None:
        """Write the counts."""
        told = (self.documents, 0, self.arrivals, self.failures, self.postings)
        tx.put(base + b"c", _FORM.pack(*told))

from collections.abc import Iterator, Sequence
from typing import Protocol

from hunch_kvstore.engine._layer import Missing, RangeSet

class Readable(Protocol):
    @property
    def ranges(self) -> RangeSet: ...
    def find(self, key: bytes) -> bytes | Missing | None: ...

def find(layers: Sequence[Readable], key: bytes) -> bytes | None: ...
def scan(
    layers: Sequence[Readable],
    start: bytes,
    stop: bytes | None,
    *,
    reverse: bool = False,
    once: bool = False,
) -> Iterator[tuple[bytes, bytes]]: ...
def scan_all(
    layers: Sequence[Readable],
    start: bytes,
    stop: bytes | None,
    *,
    reverse: bool = False,
) -> Iterator[tuple[bytes, bytes | None]]: ...

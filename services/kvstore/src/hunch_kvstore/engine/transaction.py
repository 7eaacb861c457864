"""A transaction: writes gathered in a layer of their own, committed as one."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hunch_kvstore.engine import _merge as merge
from hunch_kvstore.engine._layer import MISSING, Layer

if TYPE_CHECKING:
    from hunch_kvstore.engine.store import Engine


class Transaction:
    """Reads what is committed with its own writes over it.

    As a context manager it commits at the end of the block, or aborts on an exception.
    """

    __slots__ = ("_engine", "_layer")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._layer: Layer | None = None  # made by the first write

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.abort()

    @property
    def written(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._layer)

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, or None."""
        if self._layer is not None:
            value = self._layer.find(key)
            if value is not MISSING:
                return value
        return self._engine.get(key)

    def scan(
        self, start: bytes, stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) with start <= key < stop, in order."""
        layers = self._engine.layers()
        if self._layer is None:
            self._layer = Layer()
        return merge.scan([self._layer, *layers], start, stop, reverse=reverse)

    def put(self, key: bytes, value: bytes) -> None:
        """Set `key` to `value`."""
        if self._layer is None:
            self._layer = Layer()
        self._layer.put(key, value)

    def delete(self, key: bytes) -> None:
        """Delete `key`; one that is not there is no error."""
        if self._layer is None:
            self._layer = Layer()
        self._layer.put(key, None)

    def delete_range(self, start: bytes, stop: bytes | None) -> None:
        """Delete every key in [start, stop).

        Complexity: what is in the memory table of the range; sealed data costs nothing.
        """
        if self._layer is None:
            self._layer = Layer()
        self._layer.delete_range(start, stop)

    def commit(self) -> int:
        """Apply all writes as one and return the sequence of the commit.

        Raises:
            WritesRefused: If the disk takes no writes; nothing was applied.
        """
        layer = self._layer
        self._layer = None
        if layer is None:
            return self._engine.sequence
        return self._engine.commit(layer.points, layer.range_list())

    def abort(self) -> None:
        """Forget all writes."""
        self._layer = None

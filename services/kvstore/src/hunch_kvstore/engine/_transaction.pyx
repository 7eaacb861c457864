"""A transaction: writes gathered in a layer of their own, committed as one."""

from hunch_kvstore.engine._front cimport Front
from hunch_kvstore.engine._layer cimport Layer

from hunch_kvstore.engine._layer import MISSING
from hunch_kvstore.engine._merge import scan as merged_scan


cdef class Transaction:
    """Reads what is committed with its own writes over it.

    As a context manager it commits at the end of the block, or aborts on an exception.

    Args:
        engine: Which it belongs to; asked for `get`, `layers`, `commit`, `sequence`.
    """

    cdef Front _engine
    cdef Layer _layer   # made by the first write
    cdef list _undo     # what to call if it comes to nothing

    def __cinit__(self, Front engine not None):
        self._engine = engine
        self._layer = None
        self._undo = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.commit()
        else:
            self.abort()

    @property
    def written(self):
        """Whether there is anything to commit."""
        return bool(self._layer)

    def get(self, bytes key not None):
        """Return the value of `key`, or None."""
        if self._layer is not None:
            value = self._layer.find(key)
            if value is not MISSING:
                return value
        return self._engine.find(key)

    def get_many(self, list keys not None):
        """Return the values of keys that lie far from each other, as `Front` does."""
        if self._layer is None:
            return self._engine.get_many(keys)
        found = []
        for key in keys:
            value = self._layer.find(key)
            found.append(
                self._engine.look(key, False) if value is MISSING else value)
        return found

    def scan(
        self, bytes start not None, bytes stop=None, *, bint reverse=False,
        bint once=False,
    ):
        """Return an iterator over (key, value) with start <= key < stop, in order.

        With `once`, pages of the files are not kept for who comes next.
        """
        if self._layer is None:
            self._layer = Layer()
        layers = [self._layer]
        layers.extend(self._engine.layers())
        return merged_scan(layers, start, stop, reverse=reverse, once=once)

    def put(self, bytes key not None, bytes value not None):
        """Set `key` to `value`."""
        if self._layer is None:
            self._layer = Layer()
        self._layer.store(key, value)

    def delete(self, bytes key not None):
        """Delete `key`; one that is not there is no error."""
        if self._layer is None:
            self._layer = Layer()
        self._layer.store(key, None)

    def delete_range(self, bytes start not None, bytes stop):
        """Delete every key in [start, stop).

        Complexity: what is in the memory table of the range; sealed data costs nothing.
        """
        if self._layer is None:
            self._layer = Layer()
        self._layer.delete_range(start, stop)

    def on_abort(self, undo not None):
        """Call `undo` if none of the writes are applied; the last one told comes first.

        For those who change something in memory together with the store.
        """
        if self._undo is None:
            self._undo = []
        self._undo.append(undo)

    def commit(self):
        """Apply all writes as one and return the sequence of the commit.

        Raises:
            WritesRefused: If the disk takes no writes; nothing was applied.
        """
        layer = self._layer
        self._layer = None
        if layer is None:
            self._undo = None
            return self._engine.sequence
        try:
            sequence = self._engine.commit(layer.points, layer.range_list())
        except BaseException:
            self.abort()
            raise
        self._undo = None
        return sequence

    def abort(self):
        """Forget all writes."""
        cdef list undo = self._undo
        self._layer = None
        self._undo = None
        if undo is not None:
            for call in reversed(undo):
                call()

# cython: boundscheck=False, wraparound=False
"""What every read and write of the engine passes through, compiled.

`Engine` is a `Front` with everything that is not done for every key: it arranges the
layers, the log and the refusals that are kept here.

The fast lane of the server writes with `write`: it does what `Engine.commit` does for a
few points and no ranges, without a transaction. It may be called only when `takes` says
so; whoever hears no goes by `commit`, which makes room or says why there is none.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_Next
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM

from hunch_kvstore.engine._bloom cimport Bloom
from hunch_kvstore.engine._frame cimport OPERATION
from hunch_kvstore.engine._layer cimport Layer
from hunch_kvstore.engine._order cimport is_before

from hunch_kvstore.engine._layer import MISSING
from hunch_kvstore.engine.error import StoreFailed

cdef object _MISSING = MISSING

cdef enum:
    AHEAD_BYTES = 16384  # two leaves


cdef class Sealed:
    """A layer on disk: looked up by its bounds, its filter, and then its tree."""

    def unreadable(self, error):
        """Return the engine's error for a read that failed."""
        raise NotImplementedError

    cdef object look(self, bytes key):
        cdef object stored
        cdef Py_ssize_t size
        if (
            self._first is not None
            and not is_before(key, self._first)
            and not is_before(self._last, key)
            and self._bloom.may_hold(key)
        ):
            try:
                # PERF: 6 us where the leaf is not in the library's cache, not 19; what
                # is asked for again is kept by the record cache (2026-11-27).
                stored = self._tree.get_uncached(key, None)
            except Exception as error:
                raise self.unreadable(error) from error
            if stored is not None:
                size = PyBytes_GET_SIZE(stored)
                if size == 0:
                    return None
                return PyBytes_FromStringAndSize(PyBytes_AS_STRING(stored) + 1, size - 1)
        if self.ranges is not None and self.ranges.holds(key):
            return None
        return _MISSING

    def find(self, bytes key not None):
        """Return the value, None if deleted here, MISSING if not known here."""
        return self.look(key)


cdef class Front:
    """The newest state of a store, as readers and writers need it.

    Attributes:
        refusal: Why writes are refused now, or None.
        sequence: Of the newest commit.
    """

    def get(self, bytes key not None):
        """Return the value of `key`, or None."""
        return self.find(key)

    def get_many(self, list keys not None):
        """Return the values of keys that lie far from each other; None where there is none.

        PERF: neighbours are not read ahead as `get` does: who asks for the documents of a
        search page never asks for them, and they cost four times the record.
        """
        return [self.look(<bytes?>key, False) for key in keys]

    cdef object find(self, bytes key):
        return self.look(key, True)

    cdef object look(self, bytes key, bint ahead):
        cdef PyObject *found
        cdef object layer, value
        cdef Py_ssize_t index
        if self._active is None or self._records is None:
            raise AttributeError("the engine is not open")
        found = PyDict_GetItem(self._active.points, key)
        if found is not NULL:
            return <object>found
        if self._older is None or PyList_GET_SIZE(self._older) == 0:
            return None
        if self._active._ranges is not None and self._active._ranges.holds(key):
            return None
        value = self._records.find(key)
        if value is not None:
            return value
        for index in range(PyList_GET_SIZE(self._older)):
            layer = <object>PyList_GET_ITEM(self._older, index)
            if isinstance(layer, Sealed):
                value = (<Sealed>layer).look(key)
                if value is not _MISSING:
                    if value is not None:
                        self._records.keep(key, <bytes>value)
                        if ahead and index == 0 and 2 * self._records.size_bytes < (
                            self._records.limit_bytes
                        ):
                            try:
                                self.read_ahead(layer, key)
                            except Exception:
                                pass  # who asks for what is damaged hears of it
                    return value
            else:
                value = layer.find(key)
                if value is not _MISSING:
                    return value
        return None

    cdef int read_ahead(self, layer, bytes key) except -1:
        """Keep what comes after `key` in the newest segment, as long as there is room.

        PERF: looking 100,000 sealed keys up takes 4 µs each, reading them in order a
        tenth of that; so a store that has just been opened or sealed is soon as quick
        as before. Only the memory table is newer than this segment, so a record it
        does not know of is what readers see.
        """
        cdef bytes name, stored
        cdef Py_ssize_t left = AHEAD_BYTES
        cdef Py_ssize_t size
        for pair in layer.records(key, None, False):
            name = (<tuple>pair)[0]
            stored = (<tuple>pair)[1]
            size = PyBytes_GET_SIZE(stored)
            left -= PyBytes_GET_SIZE(name) + size
            if left < 0 or PyBytes_AS_STRING(name)[0] != PyBytes_AS_STRING(key)[0]:
                return 0
            if name != key and self._records.find(name) is not None:
                return 0  # somebody has been here
            if (
                size > 0
                and name != key
                and PyDict_GetItem(self._active.points, name) is NULL
                and not (self._active._ranges is not None
                         and self._active._ranges.holds(name))
            ):
                self._records.keep(
                    name, PyBytes_FromStringAndSize(PyBytes_AS_STRING(stored) + 1, size - 1))
        return 0

    cdef bint is_alone(self, bytes start, bytes stop):
        """Whether the memory table alone holds all there is of [start, stop)."""
        cdef object layer
        cdef Sealed sealed
        if self._older is None:
            return True
        for layer in self._older:
            if not isinstance(layer, Sealed):
                return False
            sealed = <Sealed>layer
            if sealed._first is not None and (
                not is_before(sealed._last, start) and is_before(sealed._first, stop)
            ):
                return False
        return True

    cdef bint flush_lightly(self):
        """Do what `flush` does if it is only to hand the log to the kernel.

        False leaves everything as it was, for `flush` to do or to say why not. Syncs
        that are due begin with the next `tick`.
        """
        if self.refusal is not None or self._log is None:
            return False
        if self._log.size == 0:
            return self.is_light or self._log.written_sequence == self._log.synced_sequence
        if not self.is_light or self._active.size_bytes > self._slow_from:
            return False  # writers may have to slow down for a table that is sealed
        return self._log.write_out()

    cdef bint takes(self, Py_ssize_t payload) noexcept:
        """Whether `write` may be called with that many bytes of operations."""
        return (
            self.refusal is None
            and self._log is not None
            and self._active is not None
            and self._pages is not None
            and payload < (1 << 30)
            and self._log.has_room(payload)
        )

    cdef int apply(self, bytes key, bytes value) except -1:
        """Put a point that is in the log into the memory table."""
        if self._records.size_bytes:
            self._records.drop(key)
        self._active.store(key, value)
        if self._pages.size_bytes:
            self._pages.note(key, value is not None)
        return 0

    def _apply_points(self, dict points not None):
        """Put the points of a commit into the memory table."""
        cdef PyObject *key
        cdef PyObject *value
        cdef Py_ssize_t place = 0
        if self._active is None:
            raise AttributeError("the engine is not open")
        while PyDict_Next(points, &place, &key, &value):
            self.apply(<bytes?>key, <bytes?>value)

    cdef int write_one(self, bytes key, bytes value) except -1:
        """Commit one point."""
        cdef Py_ssize_t payload = (
            OPERATION + PyBytes_GET_SIZE(key) + PyBytes_GET_SIZE(value))
        self._log.open_frame(self.sequence + 1, payload)
        self._log.add_operation(1, key, value)
        self._log.close_frame()
        self.sequence += 1
        try:
            self.apply(key, value)
        except BaseException:
            self.refusal = StoreFailed(HALF_APPLIED)
            raise
        return 0

    cdef int write(self, tuple points, Py_ssize_t count) except -1:
        """Commit `count` points: keys and values by turns, None deletes."""
        cdef Py_ssize_t payload = 0
        cdef Py_ssize_t at
        cdef bytes key, value
        for at in range(0, 2 * count, 2):
            key = <bytes>PyTuple_GET_ITEM(points, at)
            value = <bytes>PyTuple_GET_ITEM(points, at + 1)
            payload += OPERATION + PyBytes_GET_SIZE(key)
            if value is not None:
                payload += PyBytes_GET_SIZE(value)
        self._log.open_frame(self.sequence + 1, payload)
        for at in range(0, 2 * count, 2):
            key = <bytes>PyTuple_GET_ITEM(points, at)
            value = <bytes>PyTuple_GET_ITEM(points, at + 1)
            self._log.add_operation(2 if value is None else 1, key, value)
        self._log.close_frame()
        self.sequence += 1
        try:
            for at in range(0, 2 * count, 2):
                key = <bytes>PyTuple_GET_ITEM(points, at)
                value = <bytes>PyTuple_GET_ITEM(points, at + 1)
                self.apply(key, value)
        except BaseException:
            self.refusal = StoreFailed(HALF_APPLIED)
            raise
        return 0


HALF_APPLIED = "a commit could not be applied; writes are refused until a restart"

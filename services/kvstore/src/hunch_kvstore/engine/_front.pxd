# The compiled front of the engine, for transactions and the server's fast lane.

from libc.stdint cimport uint64_t

from hunch_kvstore.engine._bloom cimport Bloom
from hunch_kvstore.engine._frame cimport Tail
from hunch_kvstore.engine._layer cimport Layer, RangeSet
from hunch_kvstore.engine._page_cache cimport PageCache
from hunch_kvstore.engine._record_cache cimport RecordCache


cdef class Sealed:
    cdef public RangeSet ranges
    cdef public bytes _first
    cdef public bytes _last
    cdef public Bloom _bloom
    cdef public object _tree
    cdef object look(self, bytes key)


cdef class Front:
    cdef public object refusal
    cdef public uint64_t sequence
    cdef public Layer _active
    cdef public list _older
    cdef public list _layers
    cdef public Tail _log
    cdef public bint is_light
    cdef public Py_ssize_t _slow_from
    cdef public RecordCache _records
    cdef public PageCache _pages
    cdef object find(self, bytes key)
    cdef object look(self, bytes key, bint ahead)
    cdef int read_ahead(self, layer, bytes key) except -1
    cdef bint is_alone(self, bytes start, bytes stop)
    cdef bint flush_lightly(self)
    cdef bint takes(self, Py_ssize_t payload) noexcept
    cdef int apply(self, bytes key, bytes value) except -1
    cdef int write(self, tuple points, Py_ssize_t count) except -1
    cdef int write_one(self, bytes key, bytes value) except -1

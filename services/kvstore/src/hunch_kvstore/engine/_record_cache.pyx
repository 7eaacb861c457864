# cython: boundscheck=False, wraparound=False
"""Records of sealed segments that were read lately, each by its key.

A record in a segment is found in 2 to 8 µs if its leaf is in memory; here it is found as
quickly as in the memory table. What is kept is what the layers under the memory table
say together. Those change for no key, save that what the memory table holds becomes
part of them when it is sealed. So whoever writes a key to the memory table drops it
here, and whoever freezes a table with deleted ranges clears the cache; then nothing kept
is ever stale.

The first to come is the first to go: PERF: a hand that walks over the dict costs
nothing on a hit, where an order of use would cost a write.
"""

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.dict cimport PyDict_DelItem, PyDict_GetItem, PyDict_Next, PyDict_SetItem
from cpython.object cimport PyObject

cdef enum:
    ENTRY = 190          # as a layer counts an entry
    LARGEST_SHARE = 16   # one record may take so much of the whole at most


cdef class RecordCache:
    """A bounded map of keys to values.

    Attributes:
        size_bytes: What it takes now.
        limit_bytes: What it may take.
    """

    def __init__(self, Py_ssize_t limit_bytes):
        self.records = {}
        self.size_bytes = 0
        self.limit_bytes = limit_bytes
        self.hand = 0

    def __len__(self):
        return len(self.records)

    def clear(self):
        """Forget everything."""
        self.records = {}
        self.size_bytes = 0
        self.hand = 0

    cdef object find(self, bytes key):
        """Return the value of `key`, None if it is not kept."""
        cdef PyObject *found = PyDict_GetItem(self.records, key)
        return None if found is NULL else <object>found

    cdef int keep(self, bytes key, bytes value) except -1:
        """Keep a record that is not kept yet."""
        cdef Py_ssize_t size = ENTRY + PyBytes_GET_SIZE(key) + PyBytes_GET_SIZE(value)
        cdef PyObject *oldest
        cdef PyObject *its_value
        if size > self.limit_bytes // LARGEST_SHARE:
            return 0
        while self.size_bytes + size > self.limit_bytes and self.records:
            # SAFETY: any place is a good one to go on from; the dict may have been
            # rebuilt meanwhile, and then it is another record that goes.
            if PyDict_Next(self.records, &self.hand, &oldest, &its_value):
                self.drop(<bytes>oldest)
            else:
                self.hand = 0
        PyDict_SetItem(self.records, key, value)
        self.size_bytes += size
        return 0

    cdef int drop(self, bytes key) except -1:
        """Forget a key that is about to be written, or has to go."""
        cdef PyObject *found = PyDict_GetItem(self.records, key)
        if found is NULL:
            return 0
        self.size_bytes -= (
            ENTRY + PyBytes_GET_SIZE(key) + PyBytes_GET_SIZE(<bytes>found))
        PyDict_DelItem(self.records, key)
        return 0

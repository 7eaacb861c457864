"""What other compiled modules need to know of a B+ tree database."""

from tokyocabinet._database cimport BulkDatabase


cdef class BDB(BulkDatabase):
    cdef bint custom            # a Python function orders the keys

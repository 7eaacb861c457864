"""What other compiled modules need to know of a B+ tree database."""

from tokyocabinet._database cimport KeyedDatabase


cdef class BDB(KeyedDatabase):
    cdef bint custom            # a Python function orders the keys

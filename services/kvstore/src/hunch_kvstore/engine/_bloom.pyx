# cython: boundscheck=False, wraparound=False
"""Bloom filter: says for sure that a segment does not hold a key, nearly always.

Ten bits and seven probes a key: one look in 120 is in vain. The hash is MurmurHash64A
(by Austin Appleby, public domain), since Python's own changes with every process; the
probes are made of its two halves (Kirsch and Mitzenmacher, 2006).
"""

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    PROBES = 7
    BITS_PER_KEY = 10


cdef uint64_t hash_key(bytes key) noexcept:
    cdef const unsigned char *at = <const unsigned char *>PyBytes_AS_STRING(key)
    cdef size_t size = PyBytes_GET_SIZE(key)
    cdef uint64_t m = <uint64_t>0xC6A4A7935BD1E995
    cdef uint64_t h = <uint64_t>0x8445D61A4E774912 ^ (size * m)
    cdef uint64_t k
    while size >= 8:
        # LIMIT: read in the machine's order; the files are little-endian like
        # Tokyo Cabinet's own and are not carried to other machines.
        memcpy(&k, at, 8)
        k *= m
        k ^= k >> 47
        k *= m
        h = (h ^ k) * m
        at += 8
        size -= 8
    if size:
        k = 0
        memcpy(&k, at, size)
        h = (h ^ k) * m
    h ^= h >> 47
    h *= m
    return h ^ (h >> 47)


cdef class Bloom:
    """A set of keys that may say yes wrongly, never no.

    Args:
        bits: The bytes of a filter made before, or an int: how many keys will come.
    """

    def __init__(self, bits):
        if isinstance(bits, int):
            self._bits = bytearray(max(8, (bits * BITS_PER_KEY + 7) // 8))
        else:
            self._bits = bytearray(bits)
            if not self._bits:
                raise ValueError("a filter has at least one byte")
        self._count = <uint64_t>len(self._bits) * 8

    def add(self, bytes key not None):
        """Add a key."""
        cdef uint64_t h = hash_key(key)
        cdef uint64_t step = (h >> 32) | 1
        cdef uint64_t place
        cdef unsigned char *bits = <unsigned char *>PyByteArray_AS_STRING(self._bits)
        for _ in range(PROBES):
            place = h % self._count
            bits[place >> 3] |= <uint8_t>(1 << (place & 7))
            h += step

    def __contains__(self, bytes key not None):
        return self.may_hold(key)

    cdef bint may_hold(self, bytes key) noexcept:
        cdef uint64_t h = hash_key(key)
        cdef uint64_t step = (h >> 32) | 1
        cdef uint64_t place
        cdef const unsigned char *bits = (
            <const unsigned char *>PyByteArray_AS_STRING(self._bits))
        for _ in range(PROBES):
            place = h % self._count
            if not bits[place >> 3] & (1 << (place & 7)):
                return False
            h += step
        return True

    def __bytes__(self):
        return bytes(self._bits)

    def __len__(self):
        """Return the size in bytes."""
        return len(self._bits)

# cython: cdivision=True
"""How long the calls of one command took, counted in classes.

There are four classes to a factor of two, so a bound is at most a quarter too high; the
first holds everything up to 1.024 µs, the last what takes longer than anybody waits.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

cdef extern from *:
    int __builtin_clzll(unsigned long long) nogil

cdef enum:
    FIRST_NS = 1024


cdef int class_of(int64_t spent_ns) noexcept:
    """Return the class of a duration: four to each doubling, upper bounds included."""
    cdef int doubling
    if spent_ns <= FIRST_NS:
        return 0
    cdef uint64_t above = <uint64_t>(spent_ns - 1)
    doubling = 63 - __builtin_clzll(above)
    cdef int found = 4 * (doubling - 10) + <int>((above >> (doubling - 2)) & 3) + 1
    return found if found < SIZE else SIZE - 1


cdef class Durations:
    """The counts; `note` adds one."""

    def __cinit__(self):
        self.clear()

    def clear(self):
        """Forget all of them."""
        memset(self.counts, 0, sizeof(self.counts))

    cdef void add(self, int64_t spent_ns) noexcept:
        self.counts[class_of(spent_ns)] += 1

    def note(self, int64_t spent_ns):
        """Count a call."""
        self.add(spent_ns)

    @property
    def total(self):
        """Number of calls counted."""
        cdef int64_t found = 0
        for index in range(SIZE):
            found += self.counts[index]
        return found

    def doublings(self):
        """Return {microseconds: calls that took at most so long}, by powers of two.

        Bounds that no call has reached, or none between it and the one before, are
        left out.
        """
        found = {}
        cdef int64_t sum_ = 0
        cdef int64_t before = 0
        cdef int index
        for index in range(SIZE):
            sum_ += self.counts[index]
            if index % 4 == 0 or index == SIZE - 1:
                if sum_ > before:
                    found[1 << ((index + 3) // 4)] = sum_
                before = sum_
        return found

    def percentile(self, double share):
        """Return an upper bound in microseconds for that share (0 to 100) of calls."""
        cdef double wanted = share / 100 * self.total
        cdef int64_t sum_ = 0
        cdef int index
        for index in range(SIZE):
            sum_ += self.counts[index]
            if sum_ and sum_ >= wanted:
                break
        if index == 0:
            return 1.024
        return FIRST_NS * 2.0 ** ((index - 1) // 4) * (1 + ((index - 1) % 4 + 1) / 4.0) / 1000

# The order of keys, as bytes: what every compiled part of the engine compares by.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp


cdef inline int compare(bytes one, bytes two) noexcept:
    """Below, at or above zero as `one` comes before, is, or comes after `two`."""
    cdef Py_ssize_t first = PyBytes_GET_SIZE(one)
    cdef Py_ssize_t second = PyBytes_GET_SIZE(two)
    cdef int order = memcmp(
        PyBytes_AS_STRING(one), PyBytes_AS_STRING(two), min(first, second))
    if order:
        return order
    return (first > second) - (first < second)


cdef inline bint is_before(bytes one, bytes two) noexcept:
    """Whether `one` comes before `two`."""
    return compare(one, two) < 0

# Included by _quick.pyx: whether an application left its environ as it got it, so that
# the next request can have the same dict instead of another copy. Why that cannot be
# seen is in docs/decisions/0012.

from cpython.object cimport PyObject

cdef extern from "Python.h":
    # Of a pointer: an object handed over could be held once more for that.
    Py_ssize_t Py_REFCNT(PyObject *)

cdef extern from *:
    """
    #include <stdint.h>
    /* The version of a dict: another one, never used before, after each change (PEP 509).
       Private since 3.12, gone in 3.14. */
    #if PY_VERSION_HEX < 0x030E0000
    #pragma GCC diagnostic push
    #pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    static inline uint64_t fcgi_version(PyObject *dict)
    {
        return ((PyDictObject *)dict)->ma_version_tag;
    }
    #pragma GCC diagnostic pop
    #else
    #define fcgi_version(dict) ((uint64_t)0)
    #endif
    """
    uint64_t fcgi_version(dict)


cdef bint versions_tell():
    """Return whether every kind of change gives a dict another version here."""
    # SAFETY: what one application puts into its environ must not be in the next one's.
    cdef dict tried = {"a": "1", "b": "2", "c": "3", "d": "4"}
    cdef uint64_t version = fcgi_version(tried)
    for change in (
        lambda: tried.__setitem__("a", "2"),
        lambda: tried.__setitem__("e", "5"),
        lambda: tried.setdefault("f", "6"),
        lambda: tried.__delitem__("a"),
        lambda: tried.pop("b"),
        lambda: tried.popitem(),
        lambda: tried.update({"c": "7"}),
        lambda: tried.update(g="8"),
        lambda: tried.__ior__({"c": "9"}),
        lambda: tried.clear(),
    ):
        change()
        if fcgi_version(tried) == version:
            return False
        version = fcgi_version(tried)
    return True


cdef bint VERSIONS_TELL = versions_tell()


cdef class Lent:
    """An environ out with an application, and the one that came back.

    Attributes:
        spare: That one, until it is taken; nobody else knows it.
    """

    cdef dict spare
    cdef PyObject *out
    cdef uint64_t version

    cdef inline void lend(self, dict environ) noexcept:
        """Note how an environ is when it goes out."""
        self.out = <PyObject *>environ
        self.version = fcgi_version(environ)

    cdef inline void forget(self) noexcept:
        """Let none come back: what environs are copies of has changed."""
        self.out = NULL
        self.spare = None

    cdef inline void take_back(self, dict environ) noexcept:
        """Keep an environ if it is as it was, and nobody but the caller holds it."""
        # PERF: copying and freeing it took 900 of a request's 5,140 instructions
        # (2026-11).
        if (
            self.out is <PyObject *>environ
            and fcgi_version(environ) == self.version
            and Py_REFCNT(<PyObject *>environ) == 1
            and VERSIONS_TELL
        ):
            self.spare = environ
        self.out = NULL

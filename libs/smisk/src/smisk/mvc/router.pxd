cimport cython

from smisk.mvc.leaf cimport Leaf

cdef class Route:
    cdef public object head, match, names, pattern, methods
    cdef public Leaf leaf
    cdef str _before
    cdef bint _is_number

    @cython.locals(before=str, last=str, size=cython.Py_ssize_t)
    cpdef dict find(self, str path)

cdef class Router:
    cdef public object root, changed
    cdef public list leaves, _pending, _added, _declared, _anywhere
    cdef public dict _table, _by_head
    cdef public object _filters, _is_built

    @cython.locals(route=Route, leaf=Leaf, end=cython.Py_ssize_t)
    cpdef tuple resolve(self, str method, str path)

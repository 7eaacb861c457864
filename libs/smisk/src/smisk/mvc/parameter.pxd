cimport cython

cdef class Parameter:
    cdef public object convert, is_many, is_required, name, type_name

cdef class Parameters:
    cdef public dict by_name
    cdef public bint takes_any
    cdef public frozenset taken

    @cython.locals(parameter=Parameter, bound=dict)
    cpdef dict bind(self, given)

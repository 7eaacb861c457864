cimport cython

cdef str _decode(str text, charset, tolerant)

@cython.locals(key=str, raw_key=str, raw_value=str)
cdef dict _fields(str text, charset, tolerant)
cpdef collect(dict fields, str name, value)

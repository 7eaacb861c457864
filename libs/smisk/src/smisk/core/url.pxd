cimport cython

cpdef decode(text, charset=*, tolerant=*)

@cython.locals(key=str, raw_key=str, raw_value=str)
cpdef dict decompose_query(text, charset=*, tolerant=*, max_fields=*)
cpdef collect(dict fields, str name, value)

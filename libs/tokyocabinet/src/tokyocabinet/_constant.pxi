# The C names as attributes of the classes.

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        PyObject *tp_dict
    void PyType_Modified(PyTypeObject *)


cdef int name_constants(type kind, str prefix) except -1:
    """Put the C names on a class too, as in `HDB.HDBOWRITER`."""
    # SAFETY: compiled classes refuse setattr; writing to their dictionary before anyone
    # uses them and telling the method cache is what setattr would do.
    cdef PyTypeObject *target = <PyTypeObject *>kind
    cdef dict members = <dict>target.tp_dict
    for name in constant.__all__:
        if name.startswith(prefix) and name not in members:
            members[name] = getattr(constant, name)
    PyType_Modified(target)
    return 0

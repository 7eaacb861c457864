# Rows between Python and the C library.


cdef bytes encoded(object value):
    """Return bytes as they are and text as UTF-8."""
    return raw((<str>value).encode() if isinstance(value, str) else value)


cdef bytes c_text(object value, str what):
    """Return what can be handed over as a C string."""
    cdef bytes result = encoded(value)
    if b"\0" in result:
        raise ValueError(f"embedded null byte in {what}")
    return result


cdef list columns_of(object row):
    """Return the columns of a mapping, or of pairs, as pairs of bytes."""
    return [
        (encoded(name), encoded(value))
        for name, value in (row.items() if hasattr(row, "items") else row)]


cdef TCMAP *map_of(list columns) except NULL:
    """Return a new TCMAP with some columns."""
    cdef TCMAP *result = tcmapnew2(<uint32_t>len(columns) + 1)
    cdef bytes name, value
    for name, value in columns:
        tcmapput(
            result, PyBytes_AS_STRING(name), <int>PyBytes_GET_SIZE(name),
            PyBytes_AS_STRING(value), <int>PyBytes_GET_SIZE(value))
    return result


cdef dict row_of(TCMAP *columns):
    """Return the columns of a TCMAP as a dict of bytes."""
    cdef dict result = {}
    cdef const char *name
    cdef const char *value
    cdef int size = 0
    cdef int vsiz = 0
    tcmapiterinit(columns)
    while True:
        name = <const char *>tcmapiternext(columns, &size)
        if name == NULL:
            return result
        value = <const char *>tcmapiterval(name, &vsiz)
        result[PyBytes_FromStringAndSize(name, size)] = (
            PyBytes_FromStringAndSize(value, vsiz))

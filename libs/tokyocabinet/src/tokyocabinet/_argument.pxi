# What callers hand over, and what they get back.


cdef bytes raw(object value):
    """Return `value` as bytes; copies other buffers, refuses text and numbers."""
    cdef bytes result
    if PyBytes_CheckExact(value):
        result = <bytes>value
    elif isinstance(value, (bytes, bytearray, memoryview)):
        result = bytes(value)
    else:
        raise TypeError(f"a bytes-like object is required, not {type(value).__name__!r}")
    # LIMIT: the C API counts in int; 16 bytes of room for headers it adds on the way.
    if PyBytes_GET_SIZE(result) > INT_MAX - 16:
        raise ValueError("keys and values are limited to 2 GiB")
    return result


cdef list list_of(TCLIST *items):
    """Turn a TCLIST into a list of bytes and free it."""
    cdef int size = 0
    cdef int index
    cdef const char *data
    cdef list result = []
    if items == NULL:
        return result
    try:
        for index in range(tclistnum(items)):
            data = <const char *>tclistval(items, index, &size)
            result.append(PyBytes_FromStringAndSize(data, size))
    finally:
        tclistdel(items)
    return result


cdef object text_or_none(const char *text):
    return None if text == NULL else os.fsdecode(<bytes>text)


cdef bytes path_bytes(object path):
    cdef bytes result = os.fsencode(path)
    if b"\0" in result:
        raise ValueError("embedded null byte in path")
    return result


cdef enum:
    NO_LOCK = 1 << 4        # alike for every kind of database
    TRUNCATE = 1 << 3

cdef dict MODES = {
    # reader, writer, create, truncate; the four bits are alike for every database
    "r": 1, "w": 2, "c": 2 | 4, "n": 2 | 4 | 8,
}


cdef int mode_bits(object mode) except -1:
    if isinstance(mode, str):
        try:
            return MODES[mode]
        except KeyError:
            raise ValueError(f"mode must be one of r, w, c, n, not {mode!r}") from None
    cdef int bits = mode
    if bits < 0 or bits > 0x7F:
        raise ValueError(f"unknown open mode {bits:#x}")
    return bits


cdef int64_t mapped(int64_t wanted, object path, object omode) except -1:
    """Return how many bytes of a file to map.

    LIMIT: a reader's map must not reach behind the file's end, where a damaged record
    could point: reading there is a SIGBUS. Behind the map the C library uses pread,
    which fails instead. (A writer makes the file as long as its map.)
    """
    if mode_bits(omode) & WRITER:
        return wanted
    try:
        return min(wanted, os.stat(path_bytes(path)).st_size)
    except OSError:
        return wanted


cdef bint answers_about(bytes name) except -1:
    """Return whether mincore says which pages of a file are in memory.

    WHY: to a process that neither owns the file nor may write it, the kernel says that
    all are.
    """
    try:
        return (
            os.stat(name).st_uid == os.geteuid()
            or os.access(name, os.W_OK, effective_ids=True))
    except OSError:
        return False

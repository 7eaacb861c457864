# Included by _quick.pyx: the parameters of the last request, kept so that the next
# one, which is mostly the same bytes, need not be read from scratch.

cdef dict _names = _pure._names


cdef struct Param:
    const unsigned char *name
    const unsigned char *value
    Py_ssize_t name_size
    Py_ssize_t value_size
    bint special


cdef inline Py_ssize_t split(
    const unsigned char *data, Py_ssize_t i, Py_ssize_t stop, Param *out
) noexcept nogil:
    """Read the pair at `i`; return where the next begins, -1 if it is cut short."""
    cdef Py_ssize_t n, v
    n = data[i]
    i += 1
    if n & 128:
        if i + 3 > stop:
            return -1
        n = (n & 127) << 24 | data[i] << 16 | data[i + 1] << 8 | data[i + 2]
        i += 3
    if i >= stop:
        return -1
    v = data[i]
    i += 1
    if v & 128:
        if i + 3 > stop:
            return -1
        v = (v & 127) << 24 | data[i] << 16 | data[i + 1] << 8 | data[i + 2]
        i += 3
    # SAFETY: 31-bit lengths cannot overflow a 64-bit sum.
    if n + v > stop - i:
        return -1
    out.name = data + i
    out.name_size = n
    out.value = data + i + n
    out.value_size = v
    return i + n + v


cdef class Last:
    """The parameters of the last request, and the environ they made."""

    cdef bytes raw
    cdef dict environ
    cdef list keys
    cdef Py_ssize_t count
    cdef bint is_head
    cdef Param params[MOST_PARAMS]

    def __cinit__(self):
        self.count = 0

    cdef void remember(self, bytes raw, dict environ, dict base) except *:
        """Keep a request that is as plain as can be; forget the one before."""
        cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(raw)
        cdef Py_ssize_t stop = PyBytes_GET_SIZE(raw)
        cdef Py_ssize_t i = 0
        cdef Py_ssize_t count = 0
        cdef Param *param
        cdef bytes name
        cdef list keys = []
        self.count = 0
        while i < stop:
            if count == MOST_PARAMS:
                return
            param = &self.params[count]
            i = split(data, i, stop, param)
            if i < 0:
                return
            name = param.name[: param.name_size]
            key = _names.get(name)
            # A name that was not kept is one to look at again, or a rare one.
            if key is None or key not in environ:
                return
            param.special = name in SPECIAL
            keys.append(key)
            count += 1
        # SAFETY: `params` points into `raw`, which lives as long as they are valid.
        self.raw = raw
        self.keys = keys
        self.environ = PyDict_Copy(environ)
        self.is_head = environ["REQUEST_METHOD"] == "HEAD"
        self.count = count

    cdef dict recall(self, const unsigned char *data, Py_ssize_t stop):
        """Return the environ of parameters like the last ones; None if unlike."""
        cdef Py_ssize_t changed[MOST_PARAMS]
        cdef Param now[MOST_PARAMS]
        cdef Param *was
        cdef Py_ssize_t i = 0
        cdef Py_ssize_t k
        cdef int changes = 0
        cdef dict environ
        if self.count == 0:
            return None
        for k in range(self.count):
            if i >= stop:
                return None
            i = split(data, i, stop, &now[k])
            if i < 0:
                return None
            was = &self.params[k]
            if now[k].name_size != was.name_size or memcmp(
                now[k].name, was.name, was.name_size
            ):
                return None
            if now[k].value_size != was.value_size or memcmp(
                now[k].value, was.value, was.value_size
            ):
                if was.special:
                    return None
                changed[changes] = k
                changes += 1
        if i != stop:
            return None
        environ = PyDict_Copy(self.environ)
        for k in range(changes):
            i = changed[k]
            PyDict_SetItem(
                environ,
                self.keys[i],
                PyUnicode_DecodeLatin1(
                    <const char *>now[i].value, now[i].value_size, NULL
                ),
            )
        return environ

# Included by _quick.pyx: the parameters of the last request, kept so that the next
# one, which is mostly the same bytes, need not be read from scratch.

cdef dict _names = _pure._names


cdef struct Param:
    const unsigned char *name
    const unsigned char *value
    Py_ssize_t name_size
    Py_ssize_t value_size
    Py_ssize_t size_at
    bint special
    bint varies
    bint put


# Bytes that do not vary, up to the length of the value of a parameter that does.
cdef struct Block:
    Py_ssize_t at
    Py_ssize_t size
    Py_ssize_t param


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
    out.size_at = i
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
    cdef Lent lent
    cdef list keys
    cdef Py_ssize_t count
    cdef bint is_head
    cdef Param params[MOST_PARAMS]
    cdef Block blocks[MOST_PARAMS]
    cdef Py_ssize_t block_count, rest_at
    cdef int unlike

    def __cinit__(self):
        self.count = 0
        self.lent = Lent()

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
        self.lent.forget()
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
            param.varies = param.put = False
            keys.append(key)
            count += 1
        # SAFETY: `params` points into `raw`, which lives as long as they are valid.
        self.raw = raw
        self.keys = keys
        self.environ = PyDict_Copy(environ)
        self.is_head = environ["REQUEST_METHOD"] == "HEAD"
        self.count = count
        self.block_count = self.rest_at = 0
        self.unlike = 0

    cdef void part(self) noexcept:
        """Find the blocks between the parameters that vary."""
        cdef const unsigned char *raw = <const unsigned char *>PyBytes_AS_STRING(self.raw)
        cdef Py_ssize_t k
        cdef Block *block
        self.block_count = self.rest_at = 0
        for k in range(self.count):
            if self.params[k].varies:
                block = &self.blocks[self.block_count]
                block.at = self.rest_at
                block.size = self.params[k].size_at - block.at
                block.param = k
                self.rest_at = self.params[k].value - raw + self.params[k].value_size
                self.block_count += 1

    cdef dict recall(self, const unsigned char *data, Py_ssize_t stop):
        """Return the environ of parameters like the last ones; None if unlike."""
        cdef const unsigned char *raw
        cdef Param now[MOST_PARAMS]
        cdef Param *was
        cdef Block *block
        cdef Py_ssize_t i = 0
        cdef Py_ssize_t k, v
        cdef int changes = 0
        cdef bint is_copy
        cdef dict environ
        if self.count == 0:
            return None
        # PERF: one comparison for each block, not two for each parameter; with
        # `has_block` 2,070 of a request's 7,890 instructions less (2026-11).
        raw = <const unsigned char *>PyBytes_AS_STRING(self.raw)
        for k in range(self.block_count):
            block = &self.blocks[k]
            was = &self.params[block.param]
            if stop - i <= block.size or memcmp(data + i, raw + block.at, block.size):
                return self.compare(data, stop)
            i += block.size
            v = data[i]
            i += 1
            if v & 128:
                if i + 3 > stop:
                    return None
                v = (v & 127) << 24 | data[i] << 16 | data[i + 1] << 8 | data[i + 2]
                i += 3
            if stop - i < was.name_size or memcmp(data + i, was.name, was.name_size):
                return self.compare(data, stop)
            i += was.name_size
            if v > stop - i:
                return None
            now[k].value = data + i
            now[k].value_size = v
            i += v
        if stop - i != PyBytes_GET_SIZE(self.raw) - self.rest_at or memcmp(
            data + i, raw + self.rest_at, stop - i
        ):
            return self.compare(data, stop)
        environ = self.lent.spare
        is_copy = environ is None
        if is_copy:
            environ = PyDict_Copy(self.environ)
        else:
            self.lent.spare = None
        for k in range(self.block_count):
            i = self.blocks[k].param
            was = &self.params[i]
            if now[k].value_size != was.value_size or memcmp(
                now[k].value, was.value, was.value_size
            ):
                self.put(environ, i, &now[k])
                was.put = True
                changes += 1
            else:
                if was.put and not is_copy:
                    PyDict_SetItem(environ, self.keys[i], self.environ[self.keys[i]])
                was.put = False
        if changes < 2:
            self.unlike = 0
        else:
            self.unlike += 1
            if self.unlike == MOST_UNLIKE:
                self.adopt(data, stop, environ)
        self.lent.lend(environ)
        return environ

    cdef int adopt(
        self, const unsigned char *data, Py_ssize_t stop, dict environ
    ) except -1:
        """Compare with this request from now on, which has the names of the last."""
        # PERF: a value put in costs a tenth of a usual request, so a page that is
        # asked for again and again should be the one they are not put in for; 2,400
        # of 8,400 instructions where path and address come to five (2026-11).
        cdef Py_ssize_t i = 0
        cdef Py_ssize_t k
        cdef const unsigned char *raw
        self.unlike = 0
        self.raw = PyBytes_FromStringAndSize(<const char *>data, stop)
        self.environ = PyDict_Copy(environ)
        raw = <const unsigned char *>PyBytes_AS_STRING(self.raw)
        for k in range(self.count):
            i = split(raw, i, stop, &self.params[k])
            if i < 0:  # cannot be, after `recall`
                self.count = 0
                return 0
            # What varied may have done so for the sake of another page.
            self.params[k].varies = self.params[k].put = False
        self.part()
        return 0

    cdef int put(self, dict environ, Py_ssize_t k, Param *now) except -1:
        """Set the value of parameter `k` in an environ."""
        cdef str value = PyUnicode_DecodeLatin1(
            <const char *>now.value, now.value_size, NULL
        )
        PyDict_SetItem(environ, self.keys[k], value)
        return 0

    cdef dict compare(self, const unsigned char *data, Py_ssize_t stop):
        """Do what `recall` does, parameter by parameter, and learn which ones vary."""
        cdef Py_ssize_t changed[MOST_PARAMS]
        cdef Param now[MOST_PARAMS]
        cdef Param *was
        cdef Py_ssize_t i = 0
        cdef Py_ssize_t k
        cdef int changes = 0
        cdef dict environ
        if self.count == 0:
            return None
        self.lent.forget()
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
            self.put(environ, i, &now[i])
            self.params[i].varies = True
        if changes:
            self.part()
        return environ

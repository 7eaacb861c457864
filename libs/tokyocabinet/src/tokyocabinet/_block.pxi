# Iteration: records come in blocks, so the GIL and the locks change hands rarely.

cdef enum:
    FIRST_BLOCK = 16        # a short read should not pay for a long block
    LONGEST_BLOCK = 1024


cdef class BlockIterator:
    """Iterate over records, fetched block by block without the GIL.

    Lifetime: holds a reference to its database. Closing the database ends the
    iteration with `InvalidOperationError`. Records are as fresh as their block; a block has
    16 records at first and up to 1,024 later, and at most about 1 MiB.
    """

    def __cinit__(self, *args, **kwargs):
        self.want = FIRST_BLOCK

    def __dealloc__(self):
        arena_free(&self.arena)

    cdef int fill(self) except -1:
        raise NotImplementedError

    def __iter__(self):
        return self

    def __next__(self):
        cdef uint32_t sizes[2]
        cdef char *at
        cdef object key, value
        cdef tuple pair
        if self.left == 0:
            if self.done:
                raise StopIteration
            if self.owner is None or self.epoch != self.owner.epoch:
                raise error_for(
                    TCEINVALID, "invalid operation: the database was closed meanwhile")
            self.place = self.arena.used = 0
            self.fill()
            if self.want < LONGEST_BLOCK:
                self.want *= 2
            if self.left == 0:
                self.done = True
                raise StopIteration
        at = self.arena.data + self.place
        memcpy(sizes, at, 8)
        self.left -= 1
        self.place += 8 + <size_t>sizes[0] + sizes[1]
        if self.kind == KEYS:
            return PyBytes_FromStringAndSize(at + 8, sizes[0])
        value = PyBytes_FromStringAndSize(at + 8 + sizes[0], sizes[1])
        if self.kind == VALUES:
            return value
        key = PyBytes_FromStringAndSize(at + 8, sizes[0])
        pair = PyTuple_New(2)
        Py_INCREF(key)
        PyTuple_SET_ITEM(pair, 0, key)
        Py_INCREF(value)
        PyTuple_SET_ITEM(pair, 1, value)
        return pair

# What `Database.transaction` returns.


cdef class Transaction:
    """`with db.transaction():` begins, then commits, or aborts on an exception."""

    cdef Database owner
    cdef object timeout

    def __cinit__(self, Database owner not None, timeout=None):
        self.owner = owner
        self.timeout = timeout

    def __enter__(self):
        self.owner.tranbegin(self.timeout)
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.owner.trancommit()
        elif self.owner.is_open and self.owner.tran_owner:
            self.owner.tranabort()

# Cursors over a B+ tree.


cdef class BDBCursor:
    """BDBCursor(owner)\n--\n
    A place in a B+ tree that moves both ways and can change what it is on.

    Every call releases the GIL and takes the tree's lock; between two calls other threads
    may change what the cursor is on.

    Lifetime: holds a reference to its database; once that is closed, every call raises
    `InvalidOperationError`, also after it was opened again.
    """

    cdef BDB owner
    cdef BDBCUR *cur
    cdef unsigned long epoch

    def __cinit__(self, BDB owner not None):
        self.owner = owner
        self.cur = tcbdbcurnew(<TCBDB *>owner.db)
        self.epoch = owner.epoch
        owner.enter()
        owner.leave()

    def __dealloc__(self):
        # SAFETY: frees the cursor alone and does not look at the database.
        if self.cur != NULL:
            tcbdbcurdel(self.cur)

    cdef int enter(self) except -1:
        self.owner.enter()
        if self.epoch != self.owner.epoch:
            self.owner.leave()
            raise error_for(
                TCEINVALID, "invalid operation: the cursor's database was closed")
        return 0

    cdef bint moved(self, bint ok, int code) except -1:
        self.owner.leave()
        if not ok and code != TCENOREC:
            self.owner.fail(code)
        return ok

    def first(self):
        """Go to the first record; return whether there is one."""
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurfirst(self.cur)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        return self.moved(ok, code)

    def last(self):
        """Go to the last record; return whether there is one."""
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurlast(self.cur)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        return self.moved(ok, code)

    def jump(self, key):
        """Go to the first record whose key is `key` or greater; return whether one is."""
        cdef bytes kept = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept)
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurjump(self.cur, kbuf, ksiz)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        return self.moved(ok, code)

    def jumpback(self, key):
        """Go to the last record whose key is `key` or smaller; return whether one is."""
        cdef bytes kept = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept)
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurjumpback(self.cur, kbuf, ksiz)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        return self.moved(ok, code)

    def prev(self):
        """Go one record back; return False, and be nowhere, when there is none."""
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurprev(self.cur)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        return self.moved(ok, code)

    def next(self):
        """Go one record on; return False, and be nowhere, when there is none."""
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurnext(self.cur)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        return self.moved(ok, code)

    def put(self, value, int cpmode=0):
        """Store `value` at the cursor.

        Args:
            value: The new value.
            cpmode: `BDBCPCURRENT` replaces the record's value; `BDBCPBEFORE` and
                `BDBCPAFTER` insert a duplicate and move the cursor on to it.
        """
        cdef bytes kept = raw(value)
        cdef const char *vbuf = PyBytes_AS_STRING(kept)
        cdef int vsiz = <int>PyBytes_GET_SIZE(kept)
        cdef bint ok
        cdef int code = 0
        if not 0 <= cpmode <= 2:
            raise ValueError(f"unknown cursor put mode {cpmode}")
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurput(self.cur, vbuf, vsiz, cpmode)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        self.owner.leave()
        if not ok:
            self.owner.fail(code)

    def out(self):
        """Remove the record at the cursor and go to the one behind it.

        Raises:
            RecordMissingError: The cursor is not on a record.
        """
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.owner.acquire()
            ok = tcbdbcurout(self.cur)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        self.owner.leave()
        if not ok:
            self.owner.fail(code)

    cdef object record(self, Kind kind):
        cdef TCXSTR *kxstr = NULL
        cdef TCXSTR *vxstr = NULL
        cdef bint ok
        cdef int code = 0
        self.enter()
        with nogil:
            kxstr = tcxstrnew()
            vxstr = tcxstrnew()
            self.owner.acquire()
            ok = tcbdbcurrec(self.cur, kxstr, vxstr)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.owner.db)
            self.owner.release()
        self.owner.leave()
        try:
            if not ok:
                self.owner.fail(code)
            if kind == KEYS:
                return PyBytes_FromStringAndSize(
                    <const char *>tcxstrptr(kxstr), tcxstrsize(kxstr))
            value = PyBytes_FromStringAndSize(
                <const char *>tcxstrptr(vxstr), tcxstrsize(vxstr))
            if kind == VALUES:
                return value
            return PyBytes_FromStringAndSize(
                <const char *>tcxstrptr(kxstr), tcxstrsize(kxstr)), value
        finally:
            tcxstrdel(kxstr)
            tcxstrdel(vxstr)

    def key(self):
        """Return the key of the record at the cursor; see `rec`."""
        return self.record(KEYS)

    def val(self):
        """Return the value of the record at the cursor; see `rec`."""
        return self.record(VALUES)

    def rec(self):
        """Return (key, value) of the record at the cursor.

        Raises:
            RecordMissingError: The cursor is on no record.
        """
        return self.record(ITEMS)

    def __iter__(self):
        """Yield (key, value) from the cursor's record on; the cursor moves along."""
        while True:
            try:
                record = self.record(ITEMS)
            except KeyError:
                return
            yield record
            if not self.next():
                return

# Records with bytes keys, one at a time: what HDB, BDB and ADB share.

cdef enum:
    STACK = 4096            # values up to here are fetched without malloc


cdef class KeyedDatabase(MappingDatabase):
    """A database whose keys and values are bytes."""

    cdef bint store(self, put_call call, object key, object value) except -1:
        """Call a put function; False when it refused because the record exists."""
        cdef bytes kept_key = raw(key)
        cdef bytes kept_value = raw(value)
        cdef const char *kbuf = PyBytes_AS_STRING(kept_key)
        cdef const char *vbuf = PyBytes_AS_STRING(kept_value)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept_key)
        cdef int vsiz = <int>PyBytes_GET_SIZE(kept_value)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = False
            if self.calls.room != NULL:
                code = self.calls.room(self.db, kbuf, ksiz, vsiz)
            if code == 0:
                ok = call(self.db, kbuf, ksiz, vbuf, vsiz)
                if not ok:
                    code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok:
            if code == TCEKEEP:
                return False
            self.fail(code)
        return True

    cdef object fetch(self, object key, object default):
        cdef bytes kept_key = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept_key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept_key)
        cdef char stack[STACK]
        cdef const char *value = NULL
        cdef Arena arena
        cdef int vsiz = self.peek(kbuf, ksiz, &value)
        cdef int code = 0
        if vsiz >= 0:
            return PyBytes_FromStringAndSize(value, vsiz)
        if vsiz == PEEK_MISSING:
            return default
        arena.data = stack
        arena.used = 0
        arena.room = STACK
        arena.owned = False
        self.enter()
        with nogil:
            self.acquire_shared()
            vsiz = self.calls.fetch(self.db, kbuf, ksiz, &arena)
            if vsiz == -1:
                code = self.calls.ecode(self.db)
            self.release()
        try:
            self.leave()
            if vsiz >= 0:
                return PyBytes_FromStringAndSize(arena.data, vsiz)
        finally:
            arena_free(&arena)
        if vsiz == -2:
            raise MemoryError
        if code != TCENOREC:
            self.fail(code)
        return default

    cdef int peek(self, const char *kbuf, int ksiz, const char **value) noexcept:
        """Find a record in memory; its size and place, PEEK_MISSING or PEEK_UNKNOWN.

        PERF: keeps the GIL, since no disk is touched. That is what makes four threads
        as quick as one: giving it up for a third of a microsecond made them wait for
        each other for six (2026-11-27).
        """
        if self.calls.peek == NULL or not self.at_rest():
            return PEEK_UNKNOWN
        return self.calls.peek(self.db, kbuf, ksiz, &self.pages, value)

    def put(self, key, value):
        """Store a record, replacing the one with the same key.

        Raises:
            TypeError: The key or the value is not bytes, bytearray or memoryview.
            ValueError: One of them is 2 GiB or longer.
            DiskError: The disk is full.
        """
        self.store(self.calls.put, key, value)

    def putkeep(self, key, value):
        """Store a record unless its key exists; return whether it was stored."""
        return self.store(self.calls.putkeep, key, value)

    def putcat(self, key, value):
        """Append `value` to the record's value, or store a new record."""
        self.store(self.calls.putcat, key, value)

    def __setitem__(self, key, value):
        self.store(self.calls.put, key, value)

    def __delitem__(self, key):
        if not self.out(key):
            raise error_for(TCENOREC, "no record found")

    def out(self, key):
        """Remove a record; return whether there was one."""
        cdef bytes kept_key = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept_key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept_key)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = self.calls.out(self.db, kbuf, ksiz)
            if not ok:
                code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok:
            if code == TCENOREC:
                return False
            self.fail(code)
        return True

    cdef int measure(self, object key) except -2:
        """Return the size of a record's value, -1 when there is none."""
        cdef bytes kept_key = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept_key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept_key)
        cdef const char *value = NULL
        cdef int vsiz = self.peek(kbuf, ksiz, &value)
        cdef int code = 0
        if vsiz != PEEK_UNKNOWN:
            return vsiz
        self.enter()
        with nogil:
            self.acquire_shared()
            vsiz = self.calls.vsiz(self.db, kbuf, ksiz)
            if vsiz < 0:
                code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if vsiz < 0 and code != TCENOREC:
            self.fail(code)
        return vsiz

    def fwmkeys(self, prefix, int max=-1):
        """Return the keys that begin with `prefix`, at most `max` (-1: all).

        A hash database has to look at every record for that.
        """
        cdef bytes kept = raw(prefix)
        cdef const char *pbuf = PyBytes_AS_STRING(kept)
        cdef int psiz = <int>PyBytes_GET_SIZE(kept)
        cdef TCLIST *keys
        self.enter()
        with nogil:
            self.acquire()
            keys = self.calls.fwmkeys(self.db, pbuf, psiz, max)
            self.release()
        result = list_of(keys)
        self.leave()
        return result

    # -- read, change and store under one lock

    cdef bint change(self, object key, bytes value, TCPDPROC proc, void *op) except -1:
        """Call putproc; False when nothing was stored."""
        cdef bytes kept_key = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept_key)
        cdef const char *vbuf = NULL
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept_key)
        cdef int vsiz = 0
        cdef boolean ok
        cdef int code = 0
        if value is not None:
            vbuf = PyBytes_AS_STRING(value)
            vsiz = <int>PyBytes_GET_SIZE(value)
        self.enter()
        with nogil:
            self.acquire()
            ok = False
            if self.calls.room != NULL:
                code = self.calls.room(self.db, kbuf, ksiz, vsiz)
            if code == 0:
                ok = self.calls.putproc(self.db, kbuf, ksiz, vbuf, vsiz, proc, op)
                if not ok:
                    code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok and code != TCEKEEP and code != TCENOREC:
            self.fail(code)
        return ok

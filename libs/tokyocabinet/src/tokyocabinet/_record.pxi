# Records with bytes keys: what HDB, BDB and ADB share.

from cpython.number cimport PyNumber_Index
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF

cdef enum:
    BATCH = 512             # records stored in one piece
    GET_BATCH = 2048        # keys looked up in one piece; see get_many
    BATCH_BYTES = 1 << 20   # and bytes, so that a held lock is given back soon
    STACK = 4096            # values up to here are fetched without malloc
    AHEAD = 16              # keys that a bulk call asks memory for before it needs them

cdef object missing = object()

cdef extern from * nogil:
    """
    /* PERF: the keys of a list may lie anywhere; each would be waited for. */
    static inline void nearer(PyObject *keys, Py_ssize_t index) {
      if (index < PyList_GET_SIZE(keys)) __builtin_prefetch(PyList_GET_ITEM(keys, index));
    }
    /* The same for pairs: the pair itself, and what is in one that has come nearer. */
    static inline void pair_nearer(PyObject *pairs, Py_ssize_t index) {
      nearer(pairs, index + 16);
      if (index + 8 < PyList_GET_SIZE(pairs)) {
        PyObject *pair = PyList_GET_ITEM(pairs, index + 8);
        if (PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2) {
          __builtin_prefetch(PyTuple_GET_ITEM(pair, 0));
          __builtin_prefetch(PyTuple_GET_ITEM(pair, 1));
        }
      }
    }
    """
    void nearer(list, Py_ssize_t)
    void pair_nearer(list, Py_ssize_t)


cdef class KeyedDatabase(Database):
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
                code = self.calls.room(self.db, <size_t>ksiz + vsiz)
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
        """Store a record, replacing the one with the same key."""
        self.store(self.calls.put, key, value)

    def putkeep(self, key, value):
        """Store a record unless its key exists; return whether it was stored."""
        return self.store(self.calls.putkeep, key, value)

    def putcat(self, key, value):
        """Append `value` to the record's value, or store a new record."""
        self.store(self.calls.putcat, key, value)

    def get(self, key, default=None):
        """Return the value of `key`, or `default`."""
        return self.fetch(key, default)

    def __getitem__(self, key):
        cdef object value = self.fetch(key, missing)
        if value is missing:
            raise error_for(TCENOREC, "no record found")
        return value

    def __setitem__(self, key, value):
        self.store(self.calls.put, key, value)

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

    def __delitem__(self, key):
        if not self.out(key):
            raise error_for(TCENOREC, "no record found")

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

    def vsiz(self, key):
        """Return the size of a record's value in bytes.

        Raises:
            RecordMissingError: There is no such record.
        """
        cdef int vsiz = self.measure(key)
        if vsiz < 0:
            raise error_for(TCENOREC, "no record found")
        return vsiz

    def __contains__(self, key):
        return self.measure(key) >= 0

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
                code = self.calls.room(self.db, <size_t>ksiz + vsiz)
            if code == 0:
                ok = self.calls.putproc(self.db, kbuf, ksiz, vbuf, vsiz, proc, op)
                if not ok:
                    code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok and code != TCEKEEP and code != TCENOREC:
            self.fail(code)
        return ok

    def putproc(self, key, value, function):
        """Change a record under one lock; return whether anything was stored.

        Args:
            key: The record's key.
            value: Stored when there is no such record; None stores nothing.
            function: Called with the old value when there is one. Returns the new
                value, None to leave the record alone, or `REMOVE`. It must not use
                this handle.
        """
        cdef Callback callback = Callback(self, function)
        return self.change(
            key, None if value is None else raw(value), put_proc, <void *>callback)

    def addint(self, key, num):
        """Add to a counter (4 bytes in the machine's order) and return the sum.

        A missing record counts from 0.

        Raises:
            OverflowError: The sum leaves 32 bits; the record is unchanged.
            InvalidOperationError: The value is not a counter.
        """
        cdef int32_t step = PyNumber_Index(num)
        cdef Counter counter
        cdef bytes first = PyBytes_FromStringAndSize(<const char *>&step, sizeof(int32_t))
        counter.whole = step
        counter.status = COUNTED
        self.change(key, first, add_int, &counter)
        counted(&counter)
        return counter.whole

    def adddouble(self, key, double num):
        """Add to a real number (8 bytes in the machine's order) and return the sum.

        Raises:
            OverflowError: The sum is infinite; the record is unchanged.
            InvalidOperationError: The value is not a real number.
        """
        cdef Counter counter
        cdef bytes first = PyBytes_FromStringAndSize(<const char *>&num, sizeof(double))
        counter.real = num
        counter.status = COUNTED
        self.change(key, first, add_double, &counter)
        counted(&counter)
        return counter.real

    # -- many at a time

    def put_many(self, items):
        """Store records from a mapping or from an iterable of pairs; return how many.

        Works through blocks of up to 512 records, each without the GIL and under one
        lock. Not atomic: on an error, records before it stay stored; use a
        transaction where that matters.
        """
        return self.store_many(self.calls.put, items)

    cdef long long store_many(self, put_call call, object items) except -1:
        cdef PyObject *held[BATCH * 2]
        cdef const char *kbufs[BATCH]
        cdef const char *vbufs[BATCH]
        cdef int ksizs[BATCH]
        cdef int vsizs[BATCH]
        cdef int filled = 0
        cdef size_t size = 0
        cdef long long total = 0
        cdef bytes key, value
        cdef object pair
        cdef Py_ssize_t index = 0
        if hasattr(items, "items"):
            items = items.items()
        try:
            for pair in items:
                if type(items) is list:
                    pair_nearer(<list>items, index)
                    index += 1
                if type(pair) is tuple and len(<tuple>pair) == 2:
                    key = raw((<tuple>pair)[0])
                    value = raw((<tuple>pair)[1])
                else:
                    one, two = pair
                    key = raw(one)
                    value = raw(two)
                # SAFETY: the block holds references, so no other thread can free the
                # bytes while the C library reads them without the GIL.
                Py_INCREF(key)
                held[filled * 2] = <PyObject *>key
                Py_INCREF(value)
                held[filled * 2 + 1] = <PyObject *>value
                kbufs[filled] = PyBytes_AS_STRING(key)
                vbufs[filled] = PyBytes_AS_STRING(value)
                ksizs[filled] = <int>PyBytes_GET_SIZE(key)
                vsizs[filled] = <int>PyBytes_GET_SIZE(value)
                size += ksizs[filled] + vsizs[filled]
                filled += 1
                if filled == BATCH or size >= BATCH_BYTES:
                    self.store_block(call, filled, kbufs, ksizs, vbufs, vsizs)
                    total += filled
                    size = 0
                    drop(held, filled * 2)
                    filled = 0
            if filled:
                self.store_block(call, filled, kbufs, ksizs, vbufs, vsizs)
                total += filled
        finally:
            drop(held, filled * 2)
        return total

    cdef int store_block(
        self, put_call call, int filled, const char **kbufs, int *ksizs,
        const char **vbufs, int *vsizs,
    ) except -1:
        cdef boolean ok = True
        cdef int code = 0
        cdef int index
        self.enter()
        with nogil:
            self.acquire()
            for index in range(filled):
                if self.calls.warm != NULL and index % LANES == 0:
                    self.calls.warm(
                        self.db, min(filled - index, <int>LANES), kbufs + index,
                        ksizs + index)
                if self.calls.room != NULL:
                    code = self.calls.room(
                        self.db, <size_t>ksizs[index] + vsizs[index])
                    if code:
                        ok = False
                        break
                ok = call(
                    self.db, kbufs[index], ksizs[index], vbufs[index], vsizs[index])
                if not ok:
                    code = self.calls.ecode(self.db)
                    break
            self.release()
        self.leave()
        if not ok:
            self.fail(code)
        return 0

    def get_many(self, keys, default=None):
        """Return the values of `keys` as a list, `default` standing for missing ones.

        Works through blocks of up to 2,048 keys, each without the GIL and under one lock.
        """
        # PERF: the GIL changes hands after each block; four threads with blocks of 512
        # were as quick as one, with 2,048 a fifth quicker (2026-11-27).
        cdef PyObject *held[GET_BATCH]
        cdef const char *kbufs[GET_BATCH]
        cdef int ksizs[GET_BATCH]
        cdef Arena arena
        cdef int filled = 0
        cdef Py_ssize_t index = 0
        cdef bytes key
        cdef object item
        cdef list result = []
        arena.data = NULL
        arena.used = arena.room = 0
        arena.owned = False
        try:
            for item in keys:
                if type(keys) is list:
                    nearer(<list>keys, index + AHEAD)
                    index += 1
                key = raw(item)
                Py_INCREF(key)
                held[filled] = <PyObject *>key
                kbufs[filled] = PyBytes_AS_STRING(key)
                ksizs[filled] = <int>PyBytes_GET_SIZE(key)
                filled += 1
                if filled == GET_BATCH:
                    self.fetch_block(filled, kbufs, ksizs, &arena, result, default)
                    drop(held, filled)
                    filled = 0
            if filled:
                self.fetch_block(filled, kbufs, ksizs, &arena, result, default)
        finally:
            drop(held, filled)
            arena_free(&arena)
        return result

    cdef int fetch_block(
        self, int filled, const char **kbufs, int *ksizs, Arena *arena,
        list result, object default,
    ) except -1:
        """Append the values of up to GET_BATCH keys to `result`."""
        cdef size_t places[GET_BATCH]
        cdef int vsizs[GET_BATCH]
        cdef int first = 0
        cdef int index, each, done
        cdef int code = 0
        cdef bint alone = self.calls.peek == NULL or not self.calls.peek_shares
        while first < filled:
            arena.used = 0
            self.enter()
            with nogil:
                if alone:
                    self.acquire_shared()
                else:
                    self.acquire_peek()
                index = first
                done = 1
                while index < filled and done > 0 and arena.used < BATCH_BYTES:
                    done = self.fetch_lanes(
                        min(filled - index, <int>LANES), kbufs + index, ksizs + index,
                        places + index, vsizs + index, arena, alone)
                    if done > 0:
                        index += done
                if done == -1:
                    code = self.calls.ecode(self.db)
                self.release()
            self.leave()
            if done == -2:
                raise MemoryError
            if done == -1:
                self.fail(code)
            for each in range(first, index):
                if vsizs[each] < 0:
                    result.append(default)
                else:
                    result.append(PyBytes_FromStringAndSize(
                        arena.data + places[each], vsizs[each]))
            # What cannot be read side by side with others needs the C library.
            alone = alone or done == 0
            first = index
        return 0

    cdef int fetch_lanes(
        self, int count, const char **kbufs, int *ksizs, size_t *places, int *vsizs,
        Arena *arena, bint alone,
    ) noexcept nogil:
        """Fetch up to LANES values, under the lock, into the arena.

        Returns:
            How many of them are done, from the first on; -1 when the C library failed,
            -2 when memory is out.
        """
        cdef const char *values[LANES]
        cdef char *at
        cdef int index
        if self.calls.peek_lanes == NULL:
            for index in range(count):
                vsizs[index] = PEEK_UNKNOWN
        else:
            self.calls.peek_lanes(self.db, count, kbufs, ksizs, values, vsizs)
        # SAFETY: first what was found; the C library may move it when it reads the rest.
        for index in range(count):
            if vsizs[index] == PEEK_UNKNOWN and not alone:
                count = index
                break
            if vsizs[index] >= 0:
                at = arena_space(arena, vsizs[index])
                if at == NULL:
                    return -2
                memcpy(at, values[index], vsizs[index])
                places[index] = arena.used
                arena.used += vsizs[index]
        for index in range(count):
            if vsizs[index] == PEEK_UNKNOWN:
                places[index] = arena.used
                vsizs[index] = self.calls.fetch(
                    self.db, kbufs[index], ksizs[index], arena)
                if vsizs[index] == -2:
                    return -2
                if vsizs[index] == -1 and self.calls.ecode(self.db) != TCENOREC:
                    return -1
        return count

    # -- MutableMapping

    def update(self, items=(), /):
        """Store the records of a mapping or of an iterable of pairs."""
        self.put_many(items)

    def setdefault(self, key, default=b""):
        """Return the value of `key`, storing `default` first when there is none."""
        while True:
            if self.putkeep(key, default):
                return raw(default)
            value = self.fetch(key, missing)
            if value is not missing:
                return value

    def pop(self, key, /, *default):
        """Remove a record and return its value, or the default."""
        if len(default) > 1:
            raise TypeError("pop expects a key and at most one default")
        value = self.fetch(key, missing)
        if value is missing or not self.out(key):
            if default:
                return default[0]
            raise error_for(TCENOREC, "no record found")
        return value

    def popitem(self):
        """Remove some record and return it as (key, value).

        Raises:
            RecordMissingError: There is none.
        """
        for key, value in self.items():
            self.out(key)
            return key, value
        raise error_for(TCENOREC, "no record found")

    def clear(self):
        """Remove all records."""
        self.vanish()

    def __iter__(self):
        raise NotImplementedError   # each kind has its own

    def keys(self):
        """Return a view of the keys."""
        from tokyocabinet.view import RecordKeys
        return RecordKeys(self)

    def values(self):
        """Return a view of the values."""
        from tokyocabinet.view import RecordValues
        return RecordValues(self)

    def items(self):
        """Return a view of the (key, value) pairs."""
        from tokyocabinet.view import RecordItems
        return RecordItems(self)


cdef void drop(PyObject **held, int count) noexcept:
    cdef int index
    for index in range(count):
        Py_DECREF(<object>held[index])

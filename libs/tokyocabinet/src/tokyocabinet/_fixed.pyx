"""The fixed-length database: an array of short values under numbers from 1."""

from libc.limits cimport INT_MAX
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.number cimport PyNumber_Index
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF

from tokyocabinet._database cimport *
from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport *
from tokyocabinet.calls cimport *
from tokyocabinet.error import error_for

cdef dict NAMES = {"min": -1, "prev": -2, "max": -3, "next": -4}
cdef object missing = object()

cdef enum:
    BATCH = 512


ctypedef boolean (*number_call)(TCFDB *, int64_t, const void *, int) noexcept nogil


include "_fixed_record.pxi"


cdef bint fixed_locks(void *db, lock_call call) noexcept nogil:
    return call((<TCFDB *>db).fd, (<TCFDB *>db).omode)


cdef class FDB(MappingDatabase):
    """FDB(path=None, omode=0, *, mutex=True, verify=True)\n--\n
    A fixed-length database (`.tcf`): numbers from 1 to values of at most `width`.

    Errors, threads, the GIL and lifetimes are as `Database` says.

    Keys are numbers, or one of "min" and "max" (the first and last record) and, when
    storing, "prev" and "next" (one below the first, one above the last).

    Args:
        path: Opened at once when given together with `omode`.
        omode: See `open`.
        mutex: Let several threads use this handle.
        verify: Walk a file before opening it; see `Database`.
    """

    cdef FixedRoom room         # which parts of the file have disk

    def __dealloc__(self):
        fixed_room_forget(&self.room)

    def __cinit__(self, *args, **kwargs):
        cdef Calls *calls = &self.calls
        self.db = tcfdbnew()
        self.kind = 2
        calls.delete = <free_call>tcfdbdel
        calls.ecode = <code_call>tcfdbecode
        calls.open = <open_call>tcfdbopen
        calls.close = <plain_call>tcfdbclose
        calls.sync = <plain_call>tcfdbsync
        calls.vanish = <plain_call>tcfdbvanish
        calls.copy = <path_call>tcfdbcopy
        calls.locks = fixed_locks
        calls.copy_fault = <fault_call>copy_fault_fixed
        calls.begin = <plain_call>tcfdbtranbegin
        calls.commit = <plain_call>tcfdbtrancommit
        calls.abort = <plain_call>tcfdbtranabort
        calls.path = <text_call>tcfdbpath
        calls.rnum = <count_call>tcfdbrnum
        calls.fsiz = <count_call>tcfdbfsiz
        calls.opaque = <field_call>tcfdbopaque
        calls.opaque_size = 128
        self.locked = self.mutex

    def __init__(self, path=None, omode=0, *, mutex=True, verify=True):
        Database.__init__(self, path, omode)

    def tune(self, int32_t width=0, int64_t limsiz=0):
        """Set the shape of a file to be created; before `open`.

        Args:
            width: The longest value in bytes; 0 = 255.
            limsiz: The largest file in bytes; 0 = 256 MiB. It bounds the numbers.
        """
        self.enter_closed()
        if not tcfdbtune(<TCFDB *>self.db, width, limsiz):
            self.fail(tcfdbecode(<TCFDB *>self.db))

    def setmutex(self):
        """Do nothing: the lock is set when the handle is made, unless `mutex=False`."""
        self.enter_closed()

    def optimize(self, int32_t width=0, int64_t limsiz=0):
        """Rewrite the file with another width and limit (0 keeps them).

        Raises:
            ValueError: A value is longer than `width`, or the highest number has no place
                within `limsiz`; the file is as it was.
            DiskError: The disk has no room for the second file; likewise.
        """
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            code = fixed_optimize(<TCFDB *>self.db, width, limsiz)
            self.release()
        self.renamed()
        self.leave()
        if code == FIXED_WOULD_CUT:
            raise ValueError(f"there are values longer than {width} bytes")
        if code == FIXED_NO_NUMBER:
            raise ValueError("the highest number in use has no place within the limit")
        if code:
            self.fail(code)

    def width(self):
        """Return the longest length of a value in bytes."""
        self.enter()
        self.leave()
        return tcfdbwidth(<TCFDB *>self.db)

    def limid(self):
        """Return the highest number the file has room for."""
        return self.count(<count_call>tcfdblimid)

    def limsiz(self):
        """Return the largest size the file may reach, in bytes."""
        return self.count(<count_call>tcfdblimsiz)

    def min(self):
        """Return the lowest number in use, 0 when there is no record."""
        return self.count(<count_call>tcfdbmin)

    def max(self):
        """Return the highest number in use, 0 when there is no record."""
        return self.count(<count_call>tcfdbmax)

    def inform(self):
        """Return what the file says of itself, under the names of the C API."""
        cdef TCFDB *db = <TCFDB *>self.db
        self.enter()
        result = {
            "width": tcfdbwidth(db), "limsiz": tcfdblimsiz(db), "limid": tcfdblimid(db),
            "min": tcfdbmin(db), "max": tcfdbmax(db), "inode": tcfdbinode(db),
            "mtime": tcfdbmtime(db), "omode": tcfdbomode(db), "type": tcfdbtype(db),
            "flags": tcfdbflags(db)}
        self.leave()
        return result

    def foreach(self, function):
        """Call `function(number, value)` for every record, until it returns False.

        The file is locked meanwhile; the function must not use this handle.
        """
        cdef Callback callback = Callback(
            self, lambda key, value: function(int(key), value))
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = tcfdbforeach(<TCFDB *>self.db, each_record, <void *>callback)
            if not ok:
                code = tcfdbecode(<TCFDB *>self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)

    # -- records

    cdef bint store(self, number_call call, object key, object value) except -1:
        cdef int64_t id = number(key)
        cdef bytes kept = raw(value)
        cdef const char *vbuf = PyBytes_AS_STRING(kept)
        cdef int vsiz = <int>PyBytes_GET_SIZE(kept)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        if <uint32_t>vsiz > tcfdbwidth(<TCFDB *>self.db):
            self.leave()
            self.too_long(vsiz)
        with nogil:
            self.acquire()
            ok = False
            code = fixed_room(<TCFDB *>self.db, &self.room, id)
            if code == 0:
                ok = call(<TCFDB *>self.db, id, vbuf, vsiz)
                if not ok:
                    code = tcfdbecode(<TCFDB *>self.db)
            self.release()
        self.leave()
        if not ok:
            if code == TCEKEEP:
                return False
            self.refuse(key, code)
        return True

    cdef int refuse(self, object key, int code) except -1:
        """Raise the error that storing under a key ended with."""
        if code == TCEINVALID and self.is_open and self.bits & WRITER:
            raise error_for(
                code, f"invalid operation: {key!r} is no number from 1 to"
                f" {tcfdblimid(<TCFDB *>self.db)}, or no room is left", self.path())
        self.fail(code)

    cdef int too_long(self, int vsiz) except -1:
        # WHY: the C library would cut the value without a word.
        raise ValueError(
            f"a value of {vsiz} bytes is longer than this database's width of"
            f" {tcfdbwidth(<TCFDB *>self.db)}")

    cdef object fetch(self, object key, object default):
        cdef int64_t id = number(key)
        cdef char stack[1024]
        cdef const unsigned char *at = NULL
        cdef int size = 0
        cdef Arena arena
        cdef int vsiz
        cdef int code = 0
        # PERF: giving up the GIL takes longer than a read of memory; see the guide.
        if self.at_rest() and fixed_peek(
            <TCFDB *>self.db, &self.pages, id, &at, &size
        ):
            return default if at == NULL else PyBytes_FromStringAndSize(
                <const char *>at, size)
        arena.data = stack
        arena.used = 0
        arena.room = 1024
        arena.owned = False
        self.enter()
        with nogil:
            self.acquire()
            vsiz = fixed_fetch(<TCFDB *>self.db, id, &arena, &code)
            self.release()
        self.leave()
        try:
            if vsiz >= 0:
                return PyBytes_FromStringAndSize(arena.data, vsiz)
        finally:
            arena_free(&arena)
        if code != TCENOREC:
            self.fail(code)
        return default

    def put(self, key, value):
        """Store a record.

        Raises:
            ValueError: `value` is longer than the width.
            InvalidOperationError: The number is below 1 or above `limid()`.
        """
        self.store(tcfdbput, key, value)

    def putkeep(self, key, value):
        """Store a record unless its number is in use; return whether it was stored."""
        return self.store(tcfdbputkeep, key, value)

    def putcat(self, key, value):
        """Append to a record's value, or store a new one.

        Raises:
            ValueError: The result would be longer than the width.
        """
        cdef bytes kept = raw(value)
        cdef Tail tail
        tail.data = PyBytes_AS_STRING(kept)
        tail.size = <int>PyBytes_GET_SIZE(kept)
        tail.cut = False
        tail.width = tcfdbwidth(<TCFDB *>self.db) if self.is_open else INT_MAX
        self.change(key, kept, append, &tail)
        if tail.cut:
            raise ValueError(
                f"the value would be longer than the width of {tail.width}")

    def __setitem__(self, key, value):
        self.store(tcfdbput, key, value)

    def out(self, key):
        """Remove a record; return whether there was one."""
        cdef int64_t id = number(key)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            id = resolved(<TCFDB *>self.db, id)
            ok = id != 0 and tcfdbout(<TCFDB *>self.db, id)
            if not ok:
                code = tcfdbecode(<TCFDB *>self.db) if id else TCENOREC
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
        cdef int64_t id = number(key)
        cdef int vsiz
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            id = resolved(<TCFDB *>self.db, id)
            vsiz = tcfdbvsiz(<TCFDB *>self.db, id) if id else -1
            if vsiz < 0:
                code = tcfdbecode(<TCFDB *>self.db) if id else TCENOREC
            self.release()
        self.leave()
        if vsiz < 0 and code != TCENOREC:
            self.fail(code)
        return vsiz

    # -- read, change and store under one lock

    cdef bint change(self, object key, bytes value, TCPDPROC proc, void *op) except -1:
        cdef int64_t id = number(key)
        cdef const char *vbuf = NULL
        cdef int vsiz = 0
        cdef boolean ok
        cdef int code = 0
        if value is not None:
            vbuf = PyBytes_AS_STRING(value)
            vsiz = <int>PyBytes_GET_SIZE(value)
        self.enter()
        if <uint32_t>vsiz > tcfdbwidth(<TCFDB *>self.db):
            self.leave()
            self.too_long(vsiz)
        with nogil:
            self.acquire()
            ok = False
            code = fixed_room(<TCFDB *>self.db, &self.room, id)
            if code == 0:
                ok = tcfdbputproc(<TCFDB *>self.db, id, vbuf, vsiz, proc, op)
                if not ok:
                    code = tcfdbecode(<TCFDB *>self.db)
            self.release()
        self.leave()
        if not ok and code != TCEKEEP and code != TCENOREC:
            self.refuse(key, code)
        return ok

    # -- order

    def range(self, lower=1, upper=None, int max=-1):
        """Return the numbers in use from `lower` to `upper`, both included, as a list."""
        cdef int64_t low = number(lower)
        cdef int64_t high = -3 if upper is None else number(upper)
        cdef int64_t limit
        cdef uint64_t *ids = NULL
        cdef int count = 0
        cdef int index
        self.enter()
        with nogil:
            self.acquire()
            # The C library finds nothing at all when an end is out of range.
            limit = <int64_t>tcfdblimid(<TCFDB *>self.db)
            if low == 0 or low < FDBIDNEXT:
                low = 1
            if high > limit:
                high = limit
            if low <= limit:
                ids = tcfdbrange(<TCFDB *>self.db, low, high, max, &count)
            self.release()
        self.leave()
        if ids == NULL:
            return []
        try:
            return [ids[index] for index in range(count)]
        finally:
            free(ids)

    # -- many at a time

    def put_many(self, items):
        """Store records from a mapping or from pairs of number and value; how many.

        Blocks of up to 512 records go in without the GIL. Not atomic.
        """
        cdef PyObject *held[BATCH]
        cdef int64_t ids[BATCH]
        cdef int filled = 0
        cdef long long total = 0
        cdef int width
        cdef bytes value
        self.enter()
        width = tcfdbwidth(<TCFDB *>self.db)
        self.leave()
        if hasattr(items, "items"):
            items = items.items()
        try:
            for key, item in items:
                value = raw(item)
                if PyBytes_GET_SIZE(value) > width:
                    self.too_long(<int>PyBytes_GET_SIZE(value))
                ids[filled] = number(key)
                Py_INCREF(value)
                held[filled] = <PyObject *>value
                filled += 1
                if filled == BATCH:
                    self.store_block(filled, ids, held)
                    total += filled
                    drop(held, filled)
                    filled = 0
            if filled:
                self.store_block(filled, ids, held)
                total += filled
        finally:
            drop(held, filled)
        return total

    cdef int store_block(self, int filled, int64_t *ids, PyObject **held) except -1:
        cdef const char *vbufs[BATCH]
        cdef int vsizs[BATCH]
        cdef boolean ok = True
        cdef int code = 0
        cdef int index
        for index in range(filled):
            vbufs[index] = PyBytes_AS_STRING(<object>held[index])
            vsizs[index] = <int>PyBytes_GET_SIZE(<object>held[index])
        self.enter()
        with nogil:
            self.acquire()
            for index in range(filled):
                code = fixed_room(<TCFDB *>self.db, &self.room, ids[index])
                if code == 0 and not tcfdbput(
                    <TCFDB *>self.db, ids[index], vbufs[index], vsizs[index]
                ):
                    code = tcfdbecode(<TCFDB *>self.db)
                if code:
                    ok = False
                    break
            self.release()
        self.leave()
        if not ok:
            self.fail(code)
        return 0

    def get_many(self, keys, default=None):
        """Return the values of `keys` as a list, `default` standing for missing ones.

        Each is read for itself; the GIL is given up only for those not in memory.
        """
        # PERF: 98 ns for a record in blocks without the GIL, where a place in an array
        # is read in 20 (2026-11-27).
        return [self.fetch(key, default) for key in keys]

    # -- MutableMapping

    def popitem(self):
        """Remove the last record and return it as (number, value)."""
        cdef object value
        while True:
            key = self.max()
            if key == 0:
                raise error_for(TCENOREC, "no record found")
            value = self.fetch(key, missing)
            if value is not missing and self.out(key):
                return key, value

    def __iter__(self):
        return FixedIterator(self, KEYS, None, None)

    def iterkeys(self, start=None, stop=None):
        """Return an iterator over the numbers in use in [start, stop), ascending."""
        return FixedIterator(self, KEYS, start, stop)

    def itervalues(self, start=None, stop=None):
        """Return an iterator over the values of numbers in [start, stop)."""
        return FixedIterator(self, VALUES, start, stop)

    def iteritems(self, start=None, stop=None):
        """Return an iterator over (number, value) of numbers in [start, stop)."""
        return FixedIterator(self, ITEMS, start, stop)


name_constants(FDB, "FDB")


include "_fixed_iterator.pxi"

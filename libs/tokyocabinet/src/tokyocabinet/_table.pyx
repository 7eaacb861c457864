"""The table database: rows of named columns under a primary key, with queries.

Keys, column names and values are bytes. Where text is given, it is stored as UTF-8;
what comes back is always bytes.
"""

from libc.math cimport isnan
from libc.stdint cimport (
    INT32_MAX, INT32_MIN, int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t)
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, strlen

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)

from cpython.number cimport PyNumber_Index

from cpython.object cimport PyObject

from tokyocabinet._database cimport *
from tokyocabinet._hash cimport HashIterator, jump_call, next_call, hash_room
from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport *
from tokyocabinet.calls cimport *
from tokyocabinet._database import REMOVE
from tokyocabinet.error import error_for

cdef object missing = object()

cdef dict INDEXES = {
    "lexical": 0, "decimal": 1, "token": 2, "qgram": 3, "opt": 9998, "void": 9999,
}

ctypedef boolean (*row_call)(TCTDB *, const void *, int, TCMAP *) noexcept nogil


include "_table_row.pxi"
include "_table_file.pxi"
include "_table_change.pxi"


cdef class TDB(TableFile):
    """TDB(path=None, omode=0, *, mutex=True, verify=True)\n--\n
    A table database (`.tct`): primary keys to rows, a row being a dict of columns.

    Errors, threads, the GIL and lifetimes are as `Database` says.

    Args:
        path: Opened at once when given together with `omode`.
        omode: See `open`.
        mutex: Let several threads use this handle.
        verify: Walk a file and its indexes before opening it; see `Database`.
    """

    def __init__(self, path=None, omode=0, *, mutex=True, verify=True):
        Database.__init__(self, path, omode)

    # -- rows

    cdef bint store(self, row_call call, object pkey, object row) except -1:
        cdef bytes key = self.pkey(pkey)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef TCMAP *columns
        cdef boolean ok
        cdef int code = 0
        columns = map_of(self.checked(row))
        try:
            self.enter()
            with nogil:
                ok = False
                code = hash_room(
                    (<TCTDB *>self.db).hdb, ksiz + <size_t>tcmapmsiz(columns))
                if code == 0:
                    ok = call(<TCTDB *>self.db, kbuf, ksiz, columns)
                if not ok and code == 0:
                    code = tctdbecode(<TCTDB *>self.db)
            self.leave()
        finally:
            tcmapdel(columns)
        if not ok:
            if code == TCEKEEP:
                return False
            self.fail(code)
        return True

    def put(self, pkey, row):
        """Store a row, replacing the one with the same primary key.

        Args:
            pkey: The primary key: bytes, or text that is stored as UTF-8.
            row: A mapping, or pairs, of column names and values.

        Raises:
            InvalidOperationError: The key or a column's name is empty, or the value of
                a column with an index.
            DiskError: The disk is full.
        """
        self.store(tctdbput, pkey, row)

    def putkeep(self, pkey, row):
        """Store a row unless its key exists; return whether it was stored."""
        return self.store(tctdbputkeep, pkey, row)

    def putcat(self, pkey, row):
        """Add columns to a row; columns it has already stay as they are."""
        self.store(tctdbputcat, pkey, row)

    def putproc(self, pkey, row, function):
        """Change a row under one lock; return whether anything was stored.

        Args:
            pkey: The primary key.
            row: Stored when there is no such row; None stores nothing.
            function: Called with the old row when there is one. Returns the new row,
                None to leave it alone, or `REMOVE`. It must not use this handle.

        Raises:
            ValueError: A name or value of the new row holds a zero byte, which the C
                library's call cannot carry.
        """
        cdef bytes key = self.pkey(pkey)
        cdef bytes first = None if row is None else self.joined(row)
        cdef const char *cbuf = NULL if first is None else PyBytes_AS_STRING(first)
        cdef int csiz = 0 if first is None else <int>PyBytes_GET_SIZE(first)
        cdef Callback callback = Callback(self, function)
        cdef RowChange change
        cdef boolean ok = False
        cdef int code = 0
        change.callback = <PyObject *>callback
        change.kbuf = PyBytes_AS_STRING(key)
        change.ksiz = <int>PyBytes_GET_SIZE(key)
        self.enter()
        with nogil:
            code = hash_room((<TCTDB *>self.db).hdb, change.ksiz + <size_t>csiz)
            if code == 0:
                ok = tctdbputproc(
                    <TCTDB *>self.db, change.kbuf, change.ksiz, cbuf, csiz, change_row,
                    &change)
                if not ok:
                    code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if not ok and code != TCEKEEP and code != TCENOREC:
            self.fail(code)
        return ok

    cdef bytes joined(self, object row):
        """Return a row as names and values with zero bytes between."""
        cdef list words = []
        for name, value in self.checked(row):
            words.append(c_text(name, "a column's name"))
            words.append(c_text(value, "a column's value"))
        return b"\0".join(words)

    cdef object fetch(self, object pkey, object default):
        cdef bytes key = encoded(pkey)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef TCMAP *columns
        cdef int code = 0
        self.enter()
        with nogil:
            columns = tctdbget(<TCTDB *>self.db, kbuf, ksiz)
            if columns == NULL:
                code = tctdbecode(<TCTDB *>self.db)
        try:
            self.leave()
            if columns != NULL:
                return row_of(columns)
        finally:
            if columns != NULL:
                tcmapdel(columns)
        if code != TCENOREC:
            self.fail(code)
        return default

    def getcol(self, pkey, name, default=None):
        """Return one column's value of a row, or `default`."""
        cdef bytes key = encoded(pkey)
        cdef bytes column = encoded(name)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef const char *nbuf = PyBytes_AS_STRING(column)
        cdef int nsiz = <int>PyBytes_GET_SIZE(column)
        cdef char *value
        cdef int vsiz = 0
        cdef int code = 0
        self.enter()
        with nogil:
            value = tctdbget4(<TCTDB *>self.db, kbuf, ksiz, nbuf, nsiz, &vsiz)
            if value == NULL:
                code = tctdbecode(<TCTDB *>self.db)
        try:
            self.leave()
            if value != NULL:
                return PyBytes_FromStringAndSize(value, vsiz)
        finally:
            free(value)
        if code != TCENOREC:
            self.fail(code)
        return default

    def __setitem__(self, pkey, row):
        self.store(tctdbput, pkey, row)

    def out(self, pkey):
        """Remove a row; return whether there was one."""
        cdef bytes key = encoded(pkey)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            ok = tctdbout(<TCTDB *>self.db, kbuf, ksiz)
            if not ok:
                code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if not ok:
            if code == TCENOREC:
                return False
            self.fail(code)
        return True

    delete = out

    def __delitem__(self, pkey):
        if not self.out(pkey):
            raise error_for(TCENOREC, "no record found")

    cdef int measure(self, object pkey) except -2:
        cdef bytes key = encoded(pkey)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef int size
        cdef int code = 0
        self.enter()
        with nogil:
            size = tctdbvsiz(<TCTDB *>self.db, kbuf, ksiz)
            if size < 0:
                code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if size < 0 and code != TCENOREC:
            self.fail(code)
        return size

    def fwmkeys(self, prefix, int max=-1):
        """Return the primary keys that begin with `prefix`, at most `max` (-1: all)."""
        cdef bytes kept = encoded(prefix)
        cdef const char *pbuf = PyBytes_AS_STRING(kept)
        cdef int psiz = <int>PyBytes_GET_SIZE(kept)
        cdef TCLIST *keys
        self.enter()
        with nogil:
            keys = tctdbfwmkeys(<TCTDB *>self.db, pbuf, psiz, max)
        result = list_of(keys)
        self.leave()
        return result

    # -- counters, in the column `_num`

    def addint(self, pkey, num):
        """Add to the number in the row's column `_num` and return the sum.

        Raises:
            OverflowError: The sum leaves 32 bits; the row is unchanged.
        """
        cdef int32_t step = PyNumber_Index(num)
        cdef bytes key = self.pkey(pkey)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef char *text
        cdef int size = 0
        cdef int64_t total
        cdef int result = 0
        cdef int code = 0
        cdef bint fits
        self.enter()
        with nogil:
            # WHY a lock of ours: the C library's sum wraps around, so it has to be
            # known before. Only other writers of `_num` past this call can come between.
            pthread_mutex_lock(&self.walk)
            text = tctdbget4(<TCTDB *>self.db, kbuf, ksiz, "_num", 4, &size)
            total = step + (tcatoi(text) if text != NULL else 0)
            free(text)
            fits = INT32_MIN < total <= INT32_MAX
            if fits:
                result = tctdbaddint(<TCTDB *>self.db, kbuf, ksiz, step)
                if result == INT32_MIN:
                    code = tctdbecode(<TCTDB *>self.db)
            pthread_mutex_unlock(&self.walk)
        self.leave()
        if not fits:
            raise OverflowError("the sum does not fit; the row is unchanged")
        if code:
            self.fail(code)
        return result

    def adddouble(self, pkey, double num):
        """Add to the number in the row's column `_num` and return the sum."""
        cdef bytes key = self.pkey(pkey)
        cdef const char *kbuf = PyBytes_AS_STRING(key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(key)
        cdef double result
        cdef int code = 0
        self.enter()
        with nogil:
            result = tctdbadddouble(<TCTDB *>self.db, kbuf, ksiz, num)
            if isnan(result):
                code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if isnan(result) and not isnan(num):
            self.fail(code)
        return result

    def foreach(self, function):
        """Call `function(primary key, row)` for every row, until it returns False.

        The file is locked meanwhile; the function must not use this handle.
        """
        def visit(pkey, row):
            return TDBQPSTOP if function(pkey, row) is False else 0

        self.query().proc(visit)

    # -- many at a time, and MutableMapping

    def put_many(self, items):
        """Store rows from a mapping or from pairs of key and row; return how many."""
        cdef long long total = 0
        for pkey, row in items.items() if hasattr(items, "items") else items:
            self.store(tctdbput, pkey, row)
            total += 1
        return total

    def get_many(self, pkeys, default=None):
        """Return the rows of `pkeys` as a list, `default` standing for missing ones."""
        return [self.get(pkey, default) for pkey in pkeys]

    def setdefault(self, key, default=()):
        """Return a row, storing `default` first when there is none."""
        return TableFile.setdefault(self, key, default)

    def __iter__(self):
        return TableIterator(self)

    def iterkeys(self, start=None):
        """Return a new iterator over the primary keys; see `HDB.iteritems`."""
        return TableIterator(self, start)

    def itervalues(self, start=None):
        """Return a new iterator over the rows; see `HDB.iteritems`."""
        return (row for _, row in rows(self, start))

    def iteritems(self, start=None):
        """Return a new iterator over (primary key, row); see `HDB.iteritems`."""
        return rows(self, start)

    def query(self):
        """Return a new query, which finds every row until conditions are added."""
        return TDBQuery(self)


include "_table_iterator.pxi"
include "_query.pxi"

name_constants(TDB, "TDB")

"""The B+ tree database: records in order of their keys, duplicates allowed.

The handle's own mutex stands in for the C library's. WHY: a block of records, a bulk
store and a pointer into the page cache all need one lock held over several calls, which
the C library's locks, taken and dropped in each call, cannot give. It is also quicker.
"""

import os

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from cpython.pythread cimport PyThread_get_thread_ident
from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)

from tokyocabinet._database cimport *
from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport *
from tokyocabinet.calls cimport *
from tokyocabinet.error import error_for
from tokyocabinet.view import TreeItems, TreeKeys, TreeValues


cdef bint tree_locks(void *db, lock_call call) noexcept nogil:
    return call((<TCBDB *>db).hdb.fd, (<TCBDB *>db).hdb.omode)


cdef int tree_fetch(
    void *db, const void *kbuf, int ksiz, Arena *arena
) noexcept nogil:
    """Append the (first) value of a key to the arena; -1 failed, -2 without memory."""
    cdef int size = 0
    cdef char *at
    # SAFETY: points into the page cache; valid until the next call on the handle,
    # which the handle's mutex (or its single owner) keeps away.
    cdef const void *data = tcbdbget3(<TCBDB *>db, kbuf, ksiz, &size)
    if data == NULL:
        return -1
    at = arena_space(arena, size)
    if at == NULL:
        return -2
    memcpy(at, data, size)
    arena.used += size
    return size


cdef extern from "tree_peek.h" nogil:
    int tree_peek(void *, const void *, int, Residency *, const char **)
    void tree_peek_lanes(
        void *, int, const char **, const int *, const char **, int *)
    void tree_warm(void *, int, const char **, const int *)


cdef extern from "tree_rewrite.h" nogil:
    int tree_rewrite(
        TCBDB *, int32_t, int32_t, int64_t, int8_t, int8_t, uint8_t,
        int (*)(void *) noexcept nogil, void *)


cdef int has_raised(void *handle) noexcept with gil:
    """Return whether a function that the C library called in this thread has raised."""
    cdef dict pending = (<Database>handle).pending
    return 1 if pending and PyThread_get_thread_ident() in pending else 0


cdef extern from "tree_leaf.h" nogil:
    ctypedef struct LeafRoom:
        pass
    void leaf_room_begin(LeafRoom *)
    void leaf_room_end(LeafRoom *)
    int tree_look(TCBDB *, const char *, int, uint64_t *, const char **)
    int tree_read(TCBDB *, uint64_t, const char *, int, LeafRoom *, const char **)


cdef enum:
    CUSTOM_ORDER = 0xFF     # in the first opaque byte of a file's header


cdef class BDB(BulkDatabase):
    """BDB(path=None, omode=0, *, mutex=True, verify=True)\n--\n
    A B+ tree database (`.tcb`): ordered, with ranges, cursors and duplicates.

    Errors, threads, the GIL and lifetimes are as `Database` says. A tree keeps pages in
    memory: what was not synced (see `sync`, `memsync`) ends with the process.

    Args:
        path: Opened at once when given together with `omode`.
        omode: See `open`.
        mutex: Let several threads use this handle. False spares a lock in each call
            for a handle that one thread owns.
        verify: Walk a file before opening it; see `Database`.
    """

    def __cinit__(self, *args, **kwargs):
        cdef Calls *calls = &self.calls
        self.db = tcbdbnew()
        self.locked = self.mutex
        self.kind = 1
        calls.delete = <free_call>tcbdbdel
        calls.ecode = <code_call>tcbdbecode
        calls.open = <open_call>tcbdbopen
        calls.close = <plain_call>tcbdbclose
        calls.sync = <plain_call>tcbdbsync
        calls.vanish = <plain_call>tcbdbvanish
        calls.copy = <path_call>tcbdbcopy
        calls.locks = tree_locks
        calls.copy_fault = <fault_call>copy_fault_tree
        calls.begin = <plain_call>tcbdbtranbegin
        calls.commit = <plain_call>tcbdbtrancommit
        calls.abort = <plain_call>tcbdbtranabort
        calls.path = <text_call>tcbdbpath
        calls.rnum = <count_call>tcbdbrnum
        calls.fsiz = <count_call>tcbdbfsiz
        calls.put = <put_call>tcbdbput
        calls.putkeep = <put_call>tcbdbputkeep
        calls.putcat = <put_call>tcbdbputcat
        calls.out = <out_call>tcbdbout
        calls.vsiz = <size_call>tcbdbvsiz
        calls.fetch = tree_fetch
        calls.fwmkeys = <prefix_call>tcbdbfwmkeys
        calls.putproc = <proc_call>tcbdbputproc
        calls.foreach = <each_call>tcbdbforeach
        calls.setcodecfunc = <codec_call>tcbdbsetcodecfunc
        calls.peek = tree_peek
        calls.peek_lanes = tree_peek_lanes
        calls.warm = tree_warm
        calls.opaque = <field_call>tcbdbopaque
        calls.opaque_size = 64

    def __init__(self, path=None, omode=0, *, mutex=True, verify=True):
        Database.__init__(self, path, omode)

    def tune(
        self, int32_t lmemb=0, int32_t nmemb=0, int64_t bnum=0,
        int8_t apow=-1, int8_t fpow=-1, uint8_t opts=0,
    ):
        """Set the shape of a file to be created; before `open`.

        Args:
            lmemb: Records in a leaf page; 0 = 128.
            nmemb: Entries in an inner page; 0 = 256.
            bnum: Buckets of the page table; 0 = 32,749. Best is 1 to 4 times the pages.
            apow: Alignment of pages as a power of 2; negative = 8, that is 256 bytes.
            fpow: Free blocks remembered, as a power of 2; negative = 10.
            opts: `BDBTLARGE` (files over 2 GiB), `BDBTDEFLATE`, `BDBTBZIP`, `BDBTTCBS`.
        """
        self.enter_closed()
        if not tcbdbtune(<TCBDB *>self.db, lmemb, nmemb, bnum, apow, fpow, opts):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def setmutex(self):
        """Do nothing: the lock is set when the handle is made, unless `mutex=False`."""
        self.enter_closed()

    def setcmpfunc(self, cmp, *cmpop):
        """Set the order of keys; before `open`.

        Args:
            cmp: "lexical" (the default), "decimal", "int32" or "int64", which the file
                remembers; or a function of two keys that returns a number below, equal
                to or above 0, which has to be set each time the file is opened. It
                must be a total order, must not use this handle, and costs about a
                microsecond for each comparison.
            *cmpop: Handed to the function behind the two keys.
        """
        cdef TCCMP function
        cdef Callback callback
        cdef void *op = NULL
        self.enter_closed()
        if isinstance(cmp, str):
            if cmp == "lexical":
                function = tccmplexical
            elif cmp == "decimal":
                function = tccmpdecimal
            elif cmp == "int32":
                function = tccmpint32
            elif cmp == "int64":
                function = tccmpint64
            else:
                raise ValueError(f"no order of keys is called {cmp!r}")
            self.custom = False
        elif callable(cmp):
            callback = Callback(self, cmp, cmpop)
            if self.kept is None:
                self.kept = []
            self.kept.append(callback)
            function = compare_keys
            op = <void *>callback
            self.custom = True
        else:
            raise TypeError("the order of keys is a name or a function")
        if not tcbdbsetcmpfunc(<TCBDB *>self.db, function, op):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def cmpfunc(self):
        """Return the order of keys: what `setcmpfunc` takes, as a name or a function."""
        cdef TCBDB *db = <TCBDB *>self.db
        cdef TCCMP function = tcbdbcmpfunc(db)
        if function == compare_keys:
            return (<Callback>tcbdbcmpop(db)).function
        if function == tccmpdecimal:
            return "decimal"
        if function == tccmpint32:
            return "int32"
        if function == tccmpint64:
            return "int64"
        return "lexical"

    def open(self, path, omode="r"):
        """Open the file at `path`; see `Database.open`.

        Raises:
            InvalidOperationError: The file was written in the order of a function and
                none is set, or the other way round. (In the second case the C
                library would silently forget the function.)
        """
        cdef unsigned char order
        BulkDatabase.open(self, path, omode)
        order = <unsigned char>tchdbopaque((<TCBDB *>self.db).hdb)[0]
        if order != CUSTOM_ORDER and self.custom:
            self.close()
            raise error_for(
                TCEINVALID, "invalid operation: this file is not ordered by a function",
                os.fsdecode(path))

    def setcache(self, int32_t lcnum=0, int32_t ncnum=0):
        """Keep `lcnum` leaves (1,024) and `ncnum` inner pages (512); before `open`."""
        self.enter_closed()
        if not tcbdbsetcache(<TCBDB *>self.db, lcnum, ncnum):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def get_uncached(self, key, default=None):
        """Return the (first) value of `key`, or `default`, and leave the cache alone.

        For a file that is open for reading and too large for `setcache`: a leaf that is
        not in the cache is searched where it lies and not taken apart to be kept. In
        all other cases this is `get`. Releases the GIL when the leaf is not in the cache.
        """
        cdef bytes kept_key = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept_key)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept_key)
        cdef const char *value = NULL
        cdef LeafRoom room
        cdef uint64_t page = 0
        cdef int vsiz = PEEK_UNKNOWN
        if self.at_rest():
            vsiz = tree_look(<TCBDB *>self.db, kbuf, ksiz, &page, &value)
        if vsiz >= 0:
            return PyBytes_FromStringAndSize(value, vsiz)
        if vsiz == PEEK_MISSING:
            return default
        leaf_room_begin(&room)
        self.enter()
        with nogil:
            self.acquire()
            if page == 0:
                # SAFETY: only for the page; a value in the cache moves once unlocked.
                tree_look(<TCBDB *>self.db, kbuf, ksiz, &page, &value)
            if page:
                vsiz = tree_read(<TCBDB *>self.db, page, kbuf, ksiz, &room, &value)
            self.release()
        try:
            self.leave()
            if vsiz >= 0:
                return PyBytes_FromStringAndSize(value, vsiz)
        finally:
            leaf_room_end(&room)
        if vsiz == PEEK_MISSING:
            return default
        return self.fetch(key, default)

    def items_uncached(self, start=None, stop=None):
        """Return an iterator over (key, value) with start <= key < stop.

        As `items`, but leaves the cache alone, as `get_uncached` does: leaf after leaf is
        read where it lies, with the GIL released.
        """
        return LeafIterator(self, start, stop)

    def setxmsiz(self, int64_t xmsiz=0):
        """Map `xmsiz` bytes of the file into memory (default 0); before `open`."""
        self.enter_closed()
        if not tcbdbsetxmsiz(<TCBDB *>self.db, xmsiz):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def setdfunit(self, int32_t dfunit=0):
        """Defragment by itself, `dfunit` steps at a time (0: never); before `open`."""
        self.enter_closed()
        if not tcbdbsetdfunit(<TCBDB *>self.db, dfunit):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def setlsmax(self, uint32_t lsmax=0):
        """Limit a leaf page to `lsmax` bytes (0 = 16,384); before `open`."""
        self.enter_closed()
        if not tcbdbsetlsmax(<TCBDB *>self.db, lsmax):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def setcapnum(self, uint64_t capnum=0):
        """Drop the first records beyond `capnum` of them (0: keep all); before `open`."""
        self.enter_closed()
        if not tcbdbsetcapnum(<TCBDB *>self.db, capnum):
            self.fail(tcbdbecode(<TCBDB *>self.db))

    def optimize(
        self, int32_t lmemb=0, int32_t nmemb=0, int64_t bnum=0,
        int8_t apow=-1, int8_t fpow=-1, uint8_t opts=0xFF,
    ):
        """Rewrite the file without gaps. Arguments as in `tune`; defaults keep them.

        Others wait meanwhile; beside the file there has to be room for the new one. That
        is written, synced and counted before it takes the place of the old one: what
        fails leaves the tree as it was, and a process that is killed leaves one of the
        two (and maybe a file named `….tmp.…` beside it).

        Raises:
            InvalidOperationError: A transaction is open, or the file is for reading.
            DiskError: There is no room for the new file.
        """
        cdef int code
        self.enter()
        with nogil:
            self.acquire()
            code = tree_rewrite(
                <TCBDB *>self.db, lmemb, nmemb, bnum, apow, fpow, opts,
                has_raised, <void *>self)
            self.release()
        self.renamed()
        self.leave()
        if code:
            self.fail(code)

    def defrag(self, int64_t step=0):
        """Close gaps in the file: `step` of them, or all with 0."""
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = tcbdbdefrag(<TCBDB *>self.db, step)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)

    def memsync(self, phys=False):
        """Write the pages kept in memory to the file.

        What was stored before then survives the end of the process, though not of the
        machine. `sync` does the same and waits for the device, which takes far longer.

        Args:
            phys: Whether to wait for the device, too.

        Raises:
            InvalidOperationError: The file is open for reading.
            DiskError: The disk is full, or failed.
        """
        cdef boolean wait = bool(phys)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = tcbdbmemsync(<TCBDB *>self.db, wait)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)

    def cacheclear(self):
        """Write and drop the pages kept in memory."""
        self.simple(<plain_call>tcbdbcacheclear)

    def inform(self):
        """Return what the file says of itself, under the names of the C API."""
        cdef TCBDB *db = <TCBDB *>self.db
        cdef uint64_t used
        self.enter()
        with nogil:
            self.acquire()
            used = tcbdbbnumused(db)
            self.release()
        result = {
            "lmemb": tcbdblmemb(db), "nmemb": tcbdbnmemb(db), "lnum": tcbdblnum(db),
            "nnum": tcbdbnnum(db), "bnum": tcbdbbnum(db), "bnumused": used,
            "align": tcbdbalign(db), "fbpmax": tcbdbfbpmax(db),
            "inode": tcbdbinode(db), "mtime": tcbdbmtime(db), "flags": tcbdbflags(db),
            "opts": tcbdbopts(db), "dfunit": tcbdbdfunit(db)}
        self.leave()
        return result

    # -- duplicates

    def putdup(self, key, value):
        """Store a record behind those with the same key."""
        self.store(<put_call>tcbdbputdup, key, value)

    def putdupback(self, key, value):
        """Store a record before those with the same key."""
        self.store(<put_call>tcbdbputdupback, key, value)

    def putlist(self, key, values):
        """Store one record for each of `values`, behind those with the same key."""
        # Convert all before storing any: a wrong element must not leave half behind.
        cdef bytes kept = raw(key)
        cdef list each = [raw(value) for value in values]
        self.store_many(<put_call>tcbdbputdup, [(kept, value) for value in each])

    def getlist(self, key):
        """Return all values of a key, in the order they were stored.

        Raises:
            RecordMissingError: There is none.
        """
        cdef bytes kept = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept)
        cdef TCLIST *values
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            values = tcbdbget4(<TCBDB *>self.db, kbuf, ksiz)
            if values == NULL:
                code = tcbdbecode(<TCBDB *>self.db)
            self.release()
        result = list_of(values)
        self.leave()
        if values == NULL:
            self.fail(code)
        return result

    def outlist(self, key):
        """Remove all records of a key; return whether there was any."""
        cdef bytes kept = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = tcbdbout3(<TCBDB *>self.db, kbuf, ksiz)
            if not ok:
                code = tcbdbecode(<TCBDB *>self.db)
            self.release()
        self.leave()
        if not ok:
            if code == TCENOREC:
                return False
            self.fail(code)
        return True

    def vnum(self, key):
        """Return the number of records with this key, 0 when there is none."""
        cdef bytes kept = raw(key)
        cdef const char *kbuf = PyBytes_AS_STRING(kept)
        cdef int ksiz = <int>PyBytes_GET_SIZE(kept)
        cdef int count
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            count = tcbdbvnum(<TCBDB *>self.db, kbuf, ksiz)
            if count == 0:
                code = tcbdbecode(<TCBDB *>self.db)
            self.release()
        self.leave()
        if count == 0 and code != TCENOREC:
            self.fail(code)
        return count

    # -- order

    def range(self, bkey=None, binc=True, ekey=None, einc=True, int max=-1):
        """Return the keys from `bkey` to `ekey`, at most `max` (-1: all), as a list.

        Args:
            bkey: The first key; None = from the beginning.
            binc: Whether `bkey` itself belongs to it.
            ekey: The last key; None = to the end.
            einc: Whether `ekey` itself belongs to it.
            max: How many at most.
        """
        cdef bytes first = None if bkey is None else raw(bkey)
        cdef bytes last = None if ekey is None else raw(ekey)
        cdef const char *bkbuf = NULL
        cdef const char *ekbuf = NULL
        cdef int bksiz = 0
        cdef int eksiz = 0
        cdef boolean with_first = bool(binc)
        cdef boolean with_last = bool(einc)
        cdef TCLIST *keys
        if first is not None:
            bkbuf = PyBytes_AS_STRING(first)
            bksiz = <int>PyBytes_GET_SIZE(first)
        if last is not None:
            ekbuf = PyBytes_AS_STRING(last)
            eksiz = <int>PyBytes_GET_SIZE(last)
        self.enter()
        with nogil:
            self.acquire()
            keys = tcbdbrange(
                <TCBDB *>self.db, bkbuf, bksiz, with_first, ekbuf, eksiz, with_last, max)
            self.release()
        result = list_of(keys)
        self.leave()
        return result

    def rangefwm(self, prefix, int max=-1):
        """Return the keys that begin with `prefix`, at most `max` (-1: all)."""
        return self.fwmkeys(prefix, max)

    def curnew(self):
        """Return a new cursor, not yet on a record."""
        return BDBCursor(self)

    def cursor(self):
        """Return a new cursor, not yet on a record."""
        return BDBCursor(self)

    def __iter__(self):
        return TreeIterator(self, KEYS, None, None, False)

    def __reversed__(self):
        return TreeIterator(self, KEYS, None, None, True)

    def iterkeys(self, start=None, stop=None, *, prefix=None, reverse=False):
        """Return an iterator over keys; see `items` for the arguments."""
        return tree_walk(self, KEYS, start, stop, prefix, reverse)

    def itervalues(self, start=None, stop=None, *, prefix=None, reverse=False):
        """Return an iterator over values; see `items` for the arguments."""
        return tree_walk(self, VALUES, start, stop, prefix, reverse)

    def iteritems(self, start=None, stop=None, *, prefix=None, reverse=False):
        """Return an iterator over (key, value); see `items` for the arguments."""
        return tree_walk(self, ITEMS, start, stop, prefix, reverse)

    def keys(self, start=None, stop=None, *, prefix=None, reverse=False):
        """Return a view of all keys, or an iterator over some; see `items`."""
        if start is None and stop is None and prefix is None and not reverse:
            return TreeKeys(self)
        return tree_walk(self, KEYS, start, stop, prefix, reverse)

    def values(self, start=None, stop=None, *, prefix=None, reverse=False):
        """Return a view of all values, or an iterator over some; see `items`."""
        if start is None and stop is None and prefix is None and not reverse:
            return TreeValues(self)
        return tree_walk(self, VALUES, start, stop, prefix, reverse)

    def items(self, start=None, stop=None, *, prefix=None, reverse=False):
        """Return a view of all records, or an iterator over some.

        Args:
            start: The first key; None = from the beginning.
            stop: The key behind the last; None = to the end.
            prefix: What keys begin with, instead of `start` and `stop`.
            reverse: Whether to go from the last before `stop` down to `start` itself.

        Raises:
            ValueError: A prefix with `start` or `stop`, or in an order that is not
                the lexical one.
        """
        if start is None and stop is None and prefix is None and not reverse:
            return TreeItems(self)
        return tree_walk(self, ITEMS, start, stop, prefix, reverse)


name_constants(BDB, "BDB")


include "_tree_iterator.pxi"
include "_tree_leaves.pxi"
include "_cursor.pxi"

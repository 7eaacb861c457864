"""The hash database: unordered records, one value for each key."""

from libc.limits cimport INT_MAX
from libc.stdint cimport (
    UINT64_MAX, int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t)
from libc.stdlib cimport free
from libc.string cimport memcpy

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)

from tokyocabinet._database cimport *
from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport *
from tokyocabinet.calls cimport *
from tokyocabinet.error import error_for


cdef extern from "fcntl.h" nogil:
    int posix_fallocate(int fd, int64_t offset, int64_t length)

cdef extern from "errno.h" nogil:
    int ENOSPC, EDQUOT, EFBIG

cdef enum:
    WRITE_ERROR = 14        # TCEWRITE
    SLACK = 1 << 16         # what headers, padding and a function's result may take
    STEP = 1 << 20          # bytes of disk to reserve at a time


cdef int hash_room(void *db, size_t more) noexcept nogil:
    """Reserve disk for a record of `more` bytes; an error code when there is none.

    LIMIT: the C library lengthens a file by truncation and writes to it through a map.
    On a full disk that is a SIGBUS, which ends the process. With the blocks reserved
    here it has nothing to lengthen.
    """
    cdef TCHDB *hdb = <TCHDB *>db
    cdef uint64_t need = hdb.fsiz + more + SLACK
    cdef uint64_t step
    cdef int failed
    if need <= hdb.xfsiz or hdb.fsiz >= max(hdb.xmsiz, hdb.msiz):
        return 0
    if not hdb.omode & 2:      # open for reading
        return 0
    step = min(max(<uint64_t>STEP, hdb.fsiz >> 3), <uint64_t>(64 << 20))
    failed = posix_fallocate(hdb.fd, 0, <int64_t>(need + step))
    if failed == ENOSPC or failed == EDQUOT or failed == EFBIG:
        step = 0
        failed = posix_fallocate(hdb.fd, 0, <int64_t>need)
    if failed == ENOSPC or failed == EDQUOT or failed == EFBIG:
        return WRITE_ERROR
    if failed == 0:
        hdb.xfsiz = need + step
    return 0


cdef int hash_record_room(
    void *db, const void *kbuf, int ksiz, int vsiz
) noexcept nogil:
    return hash_room(db, <size_t>ksiz + <size_t>vsiz)


cdef bint hash_locks(void *db, lock_call call) noexcept nogil:
    return call((<TCHDB *>db).fd, (<TCHDB *>db).omode)


cdef int hash_fetch(
    void *db, const void *kbuf, int ksiz, Arena *arena
) noexcept nogil:
    """Append the value of a key to the arena; -1 on failure, -2 without memory."""
    cdef int room, size
    cdef char *at
    cdef void *whole
    if arena.room - arena.used < 256 and arena_space(arena, 4096) == NULL:
        return -2
    room = <int>min(arena.room - arena.used, <size_t>INT_MAX)
    # PERF: reading into our buffer spares malloc and free, some 40 ns of 400.
    size = tchdbget3(<TCHDB *>db, kbuf, ksiz, arena.data + arena.used, room)
    if size < room:
        if size > 0:
            arena.used += size
        return size
    # The value filled the room and may have been cut there.
    whole = tchdbget(<TCHDB *>db, kbuf, ksiz, &size)
    if whole == NULL:
        return -1
    at = arena_space(arena, size)
    if at == NULL:
        free(whole)
        return -2
    memcpy(at, whole, size)
    free(whole)
    arena.used += size
    return size


cdef extern from "hash_peek.h" nogil:
    int hash_peek(void *, const void *, int, Residency *, const char **)
    void hash_peek_lanes(
        void *, int, const char **, const int *, const char **, int *)
    void hash_warm(void *, int, const char **, const int *)


cdef class HDB(BulkDatabase):
    """HDB(path=None, omode=0, *, mutex=True, verify=True, parallel=False)\n--\n
    A hash database (`.tch`): the fastest, without order.

    Errors, threads, the GIL and lifetimes are as `Database` says.

    Args:
        path: Opened at once when given together with `omode`.
        omode: See `open`.
        mutex: Let several threads use this handle. False spares a lock in each call
            for a handle that one thread owns.
        verify: Walk a file before opening it; see `Database`.
        parallel: Let reads of several threads run side by side also where they have to
            read the file. Pays where they wait for the disk.
    """

    def __cinit__(self, *args, **kwargs):
        cdef Calls *calls = &self.calls
        self.db = tchdbnew()
        self.kind = 0
        calls.delete = <free_call>tchdbdel
        calls.ecode = <code_call>tchdbecode
        calls.open = <open_call>tchdbopen
        calls.close = <plain_call>tchdbclose
        calls.sync = <plain_call>tchdbsync
        calls.vanish = <plain_call>tchdbvanish
        calls.copy = <path_call>tchdbcopy
        calls.locks = hash_locks
        calls.copy_fault = <fault_call>copy_fault_hash
        calls.begin = <plain_call>tchdbtranbegin
        calls.commit = <plain_call>tchdbtrancommit
        calls.abort = <plain_call>tchdbtranabort
        calls.path = <text_call>tchdbpath
        calls.rnum = <count_call>tchdbrnum
        calls.fsiz = <count_call>tchdbfsiz
        calls.put = <put_call>tchdbput
        calls.putkeep = <put_call>tchdbputkeep
        calls.putcat = <put_call>tchdbputcat
        calls.out = <out_call>tchdbout
        calls.vsiz = <size_call>tchdbvsiz
        calls.fetch = hash_fetch
        calls.fwmkeys = <prefix_call>tchdbfwmkeys
        calls.putproc = <proc_call>tchdbputproc
        calls.foreach = <each_call>tchdbforeach
        calls.setcodecfunc = <codec_call>tchdbsetcodecfunc
        calls.room = hash_record_room
        calls.peek = hash_peek
        calls.peek_lanes = hash_peek_lanes
        calls.peek_shares = True
        calls.warm = hash_warm
        calls.opaque = <field_call>tchdbopaque
        calls.opaque_size = 128
        # SAFETY: without the C library's mutex its reads change nothing they share but
        # the error code, which a miss sets to "no record" and a real error for good;
        # unless records wait in the buffer of putasync, see there.
        # PERF: in memory they still get in each other's way: two threads on two cores
        # took 1.8 times as long for each record as one (2026-11-23), hence the option.
        self.locked = self.mutex
        self.parallel = kwargs.get("parallel", False)
        self.xmsiz = MAPPED

    def __init__(
        self, path=None, omode=0, *, mutex=True, verify=True, parallel=False
    ):
        Database.__init__(self, path, omode)

    def tune(
        self, int64_t bnum=0, int8_t apow=-1, int8_t fpow=-1, uint8_t opts=0
    ):
        """Set the shape of a file to be created; before `open`.

        Raises:
            OverflowError: A number does not fit; the powers are from -128 to 127.
            InvalidOperationError: The handle is open.

        Args:
            bnum: Buckets; 0 = 131,071. Best is half to four times the records expected.
            apow: Alignment of records as a power of 2; negative = 4, that is 16 bytes.
            fpow: Free blocks remembered, as a power of 2; negative = 10.
            opts: `HDBTLARGE` (files over 2 GiB), `HDBTDEFLATE`, `HDBTBZIP`, `HDBTTCBS`.
        """
        self.enter_closed()
        if not tchdbtune(<TCHDB *>self.db, bnum, apow, fpow, opts):
            self.fail(tchdbecode(<TCHDB *>self.db))

    def open(self, path, omode="r"):
        """Open the file at `path`; see `Database.open`."""
        if not self.is_open and not self.busy:
            tchdbsetxmsiz(<TCHDB *>self.db, mapped(self.xmsiz, path, omode))
        BulkDatabase.open(self, path, omode)

    def setmutex(self):
        """Do nothing: the lock is set when the handle is made, unless `mutex=False`."""
        self.enter_closed()

    def setcache(self, int32_t rcnum=0):
        """Keep up to `rcnum` records in memory (0: none, the default); before `open`."""
        self.enter_closed()
        # SAFETY: reads fill the cache, so they must not share.
        self.parallel = self.parallel and rcnum <= 0
        if not tchdbsetcache(<TCHDB *>self.db, rcnum):
            self.fail(tchdbecode(<TCHDB *>self.db))

    def setxmsiz(self, int64_t xmsiz=0):
        """Map `xmsiz` bytes of the file into memory (default 64 MiB); before `open`."""
        self.enter_closed()
        if not tchdbsetxmsiz(<TCHDB *>self.db, xmsiz):
            self.fail(tchdbecode(<TCHDB *>self.db))
        self.xmsiz = xmsiz

    def setdfunit(self, int32_t dfunit=0):
        """Defragment by itself, `dfunit` steps at a time (0: never); before `open`."""
        self.enter_closed()
        if not tchdbsetdfunit(<TCHDB *>self.db, dfunit):
            self.fail(tchdbecode(<TCHDB *>self.db))

    def putasync(self, key, value):
        """Store a record through a buffer that `sync`, `close` or a read writes out.

        Until then it is in this process alone, and reads of other threads do not share.
        """
        # SAFETY: from now on reads write out the buffer, so they must not share.
        self.parallel = False
        self.store(<put_call>tchdbputasync, key, value)

    def optimize(
        self, int64_t bnum=0, int8_t apow=-1, int8_t fpow=-1, uint8_t opts=0xFF
    ):
        """Rewrite the file without gaps. Arguments as in `tune`; defaults keep them.

        Others wait meanwhile; beside the file there has to be room for the new one.

        Raises:
            InvalidOperationError: A transaction is open, or the file is for reading.
        """
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = tchdboptimize(<TCHDB *>self.db, bnum, apow, fpow, opts)
            if not ok:
                code = tchdbecode(<TCHDB *>self.db)
            self.release()
        self.renamed()
        self.leave()
        if not ok:
            self.not_rewritten(code)

    def defrag(self, int64_t step=0):
        """Close gaps in the file: `step` of them, or all with 0."""
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = tchdbdefrag(<TCHDB *>self.db, step)
            if not ok:
                code = tchdbecode(<TCHDB *>self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)

    def cacheclear(self):
        """Drop the records kept in memory."""
        self.simple(<plain_call>tchdbcacheclear)

    def inform(self):
        """Return what the file says of itself, under the names of the C API."""
        cdef TCHDB *db = <TCHDB *>self.db
        cdef uint64_t used
        self.enter()
        with nogil:
            self.acquire()
            used = tchdbbnumused(db)
            self.release()
        result = {
            "bnum": tchdbbnum(db), "bnumused": used, "align": tchdbalign(db),
            "fbpmax": tchdbfbpmax(db), "xmsiz": tchdbxmsiz(db), "inode": tchdbinode(db),
            "mtime": tchdbmtime(db), "omode": tchdbomode(db), "type": tchdbtype(db),
            "flags": tchdbflags(db), "opts": tchdbopts(db), "dfunit": tchdbdfunit(db)}
        self.leave()
        return result

    def getnext(self, key=None):
        """Return the key behind `key` in the file's order, the first for None.

        Raises:
            RecordMissingError: `key` is the last, or not there.
        """
        cdef bytes kept = None if key is None else raw(key)
        cdef const char *kbuf = NULL if kept is None else PyBytes_AS_STRING(kept)
        cdef int ksiz = 0 if kept is None else <int>PyBytes_GET_SIZE(kept)
        cdef char *found
        cdef int size = 0
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            found = <char *>tchdbgetnext(<TCHDB *>self.db, kbuf, ksiz, &size)
            if found == NULL:
                code = tchdbecode(<TCHDB *>self.db)
            self.release()
        self.leave()
        if found == NULL:
            self.fail(code)
        try:
            return PyBytes_FromStringAndSize(found, size)
        finally:
            free(found)

    def __iter__(self):
        return HashIterator(self, KEYS)

    def iterkeys(self, start=None):
        """Return a new iterator over the keys; see `iteritems`."""
        return HashIterator(self, KEYS, start)

    def itervalues(self, start=None):
        """Return a new iterator over the values; see `iteritems`."""
        return HashIterator(self, VALUES, start)

    def iteritems(self, start=None):
        """Return a new iterator over (key, value) in the file's order.

        Args:
            start: The key to begin at; None = from the beginning. When there is no such
                record, the first `next` raises `RecordMissingError`.
        """
        return HashIterator(self, ITEMS, start)


name_constants(HDB, "HDB")


include "_hash_iterator.pxi"

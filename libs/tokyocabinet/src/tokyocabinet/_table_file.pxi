# A table as a file: opening, shape, indexes, what it says of itself.


cdef class TableFile(MappingDatabase):
    """What of a table is not about rows; see `TDB`."""

    cdef dict indexed           # columns with an index, and its type

    def __cinit__(self, *args, **kwargs):
        cdef Calls *calls = &self.calls
        self.db = tctdbnew()
        self.kind = 3
        calls.delete = <free_call>tctdbdel
        calls.ecode = <code_call>tctdbecode
        calls.open = <open_call>tctdbopen
        calls.close = <plain_call>tctdbclose
        calls.sync = <plain_call>tctdbsync
        calls.vanish = <plain_call>tctdbvanish
        calls.copy = <path_call>tctdbcopy
        calls.locks = table_locks
        calls.copy_fault = table_copy_fault
        calls.begin = <plain_call>tctdbtranbegin
        calls.commit = <plain_call>tctdbtrancommit
        calls.abort = <plain_call>tctdbtranabort
        calls.path = <text_call>tctdbpath
        calls.rnum = <count_call>tctdbrnum
        calls.fsiz = <count_call>tctdbfsiz
        calls.setcodecfunc = <codec_call>tctdbsetcodecfunc
        calls.opaque = <field_call>tctdbopaque
        calls.opaque_size = 64
        self.xmsiz = MAPPED
        if self.mutex and not tctdbsetmutex(<TCTDB *>self.db):
            raise MemoryError

    def open(self, path, omode="r"):
        """Open the file at `path`; see `Database.open`."""
        if not self.is_open and not self.busy:
            tctdbsetxmsiz(<TCTDB *>self.db, mapped(self.xmsiz, path, omode))
        Database.open(self, path, omode)
        self.note_indexes()

    cdef int note_indexes(self) except -1:
        """Remember which columns have an index."""
        cdef TCTDB *db = <TCTDB *>self.db
        cdef int index
        # SAFETY: `setindex` of another thread may move the list.
        with nogil:
            pthread_mutex_lock(&self.walk)
        try:
            self.indexed = {
                <bytes>db.idxs[index].name: db.idxs[index].type
                for index in range(db.inum)}
        finally:
            pthread_mutex_unlock(&self.walk)
        return 0

    cdef list checked(self, object row):
        """Return a row's columns as pairs of bytes, unless they may not be stored.

        LIMIT: the C library asserts that no column's name is empty and no value in a
        column with an index, that is, it would end the process.
        """
        cdef list columns = columns_of(row)
        cdef bytes name, value
        for name, value in columns:
            if not name:
                raise error_for(
                    TCEINVALID, "invalid operation: a column's name must not be empty")
            if not value and self.indexed and name in self.indexed:
                raise error_for(
                    TCEINVALID, "invalid operation: an empty value in the column"
                    f" {name!r}, which has an index")
        return columns

    cdef bytes pkey(self, object key):
        """Return a primary key to store under; the C library asserts it is not empty."""
        cdef bytes result = encoded(key)
        if not result:
            raise error_for(
                TCEINVALID, "invalid operation: a primary key must not be empty")
        return result

    # -- shape

    cdef int ensure(self, boolean ok) except -1:
        if not ok:
            self.fail(tctdbecode(<TCTDB *>self.db))
        return 0

    def tune(
        self, int64_t bnum=0, int8_t apow=-1, int8_t fpow=-1, uint8_t opts=0
    ):
        """Set the shape of a file to be created; before `open`. As `HDB.tune`."""
        self.enter_closed()
        self.ensure(tctdbtune(<TCTDB *>self.db, bnum, apow, fpow, opts))

    def setmutex(self):
        """Do nothing: the lock is set when the handle is made, unless `mutex=False`."""
        self.enter_closed()

    def setcache(self, int32_t rcnum=0, int32_t lcnum=0, int32_t ncnum=0):
        """Keep `rcnum` rows (0), `lcnum` (4,096) and `ncnum` (512) pages of indexes."""
        self.enter_closed()
        self.ensure(tctdbsetcache(<TCTDB *>self.db, rcnum, lcnum, ncnum))

    def setxmsiz(self, int64_t xmsiz=0):
        """Map `xmsiz` bytes of the file into memory (default 64 MiB); before `open`."""
        self.enter_closed()
        self.ensure(tctdbsetxmsiz(<TCTDB *>self.db, xmsiz))
        self.xmsiz = xmsiz

    def setdfunit(self, int32_t dfunit=0):
        """Defragment by itself, `dfunit` steps at a time (0: never); before `open`."""
        self.enter_closed()
        self.ensure(tctdbsetdfunit(<TCTDB *>self.db, dfunit))

    def setinvcache(self, int64_t iccmax=0, double iccsync=0):
        """Give token and q-gram indexes `iccmax` bytes of cache (64 MiB); before `open`.

        Args:
            iccmax: Bytes; 0 keeps the default.
            iccsync: The part written when it is full, from 0 to 1; 0 keeps the default.
        """
        self.enter_closed()
        self.ensure(tctdbsetinvcache(<TCTDB *>self.db, iccmax, iccsync))

    def optimize(
        self, int64_t bnum=0, int8_t apow=-1, int8_t fpow=-1, uint8_t opts=0xFF
    ):
        """Rewrite the file without gaps. Arguments as in `tune`; defaults keep them."""
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            ok = tctdboptimize(<TCTDB *>self.db, bnum, apow, fpow, opts)
            if not ok:
                code = tctdbecode(<TCTDB *>self.db)
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
            ok = tctdbdefrag(<TCTDB *>self.db, step)
            if not ok:
                code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if not ok:
            self.fail(code)

    def cacheclear(self):
        """Drop what is kept in memory."""
        self.simple(<plain_call>tctdbcacheclear)

    def setindex(self, name, type, *, bint keep=False):
        """Build, rebuild or remove the index of a column.

        Args:
            name: The column; empty = the primary key.
            type: "lexical" (STR* conditions and orders), "decimal" (NUM*), "token"
                (STRAND, STROR, STROREQ), "qgram" (FTS*), "opt" (tidy it), "void"
                (remove it), or the C API's number.
            keep: Do nothing when the column has this index already.
        """
        cdef bytes column = c_text(name, "the column's name")
        cdef const char *cname = column
        cdef int kind
        cdef boolean ok
        cdef int code = 0
        if isinstance(type, str):
            if type not in INDEXES:
                raise ValueError(f"no index is called {type!r}")
            kind = INDEXES[type]
        else:
            kind = type
        if (kind & ~TDBITKEEP) not in (0, 1, 2, 3, 9998, 9999):
            raise ValueError(f"unknown index type {kind}")
        if keep:
            kind |= TDBITKEEP
        if kind & ~TDBITKEEP < TDBITOPT and column and self.is_open:
            # First refuse new empty values, then look for old ones; see `check`.
            self.indexed = {**self.indexed, column: kind & ~TDBITKEEP}
            for pkey in TableIterator(self):
                if self.getcol(pkey, column) == b"":
                    self.note_indexes()
                    raise error_for(
                        TCEINVALID, "invalid operation: an index over an empty value,"
                        f" in the row {pkey!r}")
        self.enter()
        with nogil:
            pthread_mutex_lock(&self.walk)
            ok = tctdbsetindex(<TCTDB *>self.db, cname, kind)
            if not ok:
                code = tctdbecode(<TCTDB *>self.db)
            pthread_mutex_unlock(&self.walk)
        self.renamed()
        self.leave()
        self.note_indexes()
        if ok or (code == TCEKEEP and kind & TDBITKEEP):
            return
        self.fail(code)

    def indexes(self):
        """Return the columns that have an index, and its type as `setindex` takes it."""
        cdef dict names = {number: name for name, number in INDEXES.items()}
        self.enter()
        self.leave()
        return {column: names[kind] for column, kind in self.indexed.items()}

    def inform(self):
        """Return what the file says of itself, under the names of the C API."""
        cdef TCTDB *db = <TCTDB *>self.db
        cdef uint64_t used
        self.enter()
        with nogil:
            used = tctdbbnumused(db)
        result = {
            "bnum": tctdbbnum(db), "bnumused": used, "align": tctdbalign(db),
            "fbpmax": tctdbfbpmax(db), "inode": tctdbinode(db), "mtime": tctdbmtime(db),
            "flags": tctdbflags(db), "opts": tctdbopts(db), "inum": tctdbinum(db),
            "uidseed": tctdbuidseed(db), "dfunit": tctdbdfunit(db)}
        self.leave()
        return result

    def setuidseed(self, int64_t seed):
        """Let `genuid` return `seed + 1` next."""
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            ok = tctdbsetuidseed(<TCTDB *>self.db, seed)
            if not ok:
                code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if not ok:
            self.fail(code)

    def genuid(self):
        """Return a number that was never returned before: 1, 2, 3 and so on."""
        cdef int64_t result
        cdef int code = 0
        self.enter()
        with nogil:
            result = tctdbgenuid(<TCTDB *>self.db)
            if result < 0:
                code = tctdbecode(<TCTDB *>self.db)
        self.leave()
        if result < 0:
            self.fail(code)
        return result

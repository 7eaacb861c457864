# Iteration over a B+ tree in either direction.


cdef class TreeIterator(BlockIterator):
    """Iterate over the records with keys in [start, stop), in either direction.

    A block remembers the last key and which of its duplicates came last; the next block
    finds its place from them, so records stored or removed meanwhile neither repeat nor
    hide others.
    """

    cdef bytes start
    cdef bytes stop
    cdef bytes last             # key of the last record of the block before
    cdef int vidx               # its place among the duplicates of that key
    cdef bint reverse
    # SAFETY: these point into the three bytes objects above, which outlive them; with
    # them `seat` needs no Python object while the GIL is away.
    cdef const char *from_buf   # where to begin: `start`, or `stop` when going back
    cdef int from_size
    cdef const char *last_buf
    cdef int last_size

    def __init__(self, BDB owner not None, Kind kind, start, stop, bint reverse):
        self.owner = owner
        self.kind = kind
        self.start = None if start is None else raw(start)
        self.stop = None if stop is None else raw(stop)
        self.reverse = reverse
        cdef bytes begin = self.stop if reverse else self.start
        if begin is not None:
            self.from_buf = PyBytes_AS_STRING(begin)
            self.from_size = <int>PyBytes_GET_SIZE(begin)
        owner.enter()
        owner.leave()
        self.epoch = owner.epoch

    cdef int fill(self) except -1:
        cdef Database owner = self.owner
        cdef TCBDB *db = <TCBDB *>owner.db
        cdef bytes edge = self.start if self.reverse else self.stop
        cdef const char *ebuf = NULL
        cdef int esiz = 0
        cdef BDBCUR *cur
        cdef TCXSTR *kxstr
        cdef TCXSTR *vxstr
        cdef TCCMP compare
        cdef void *cmpop
        cdef bint on
        cdef int code = 0
        cdef int count = 0
        cdef int order
        cdef size_t place = 0
        cdef uint32_t size
        if edge is not None:
            ebuf = PyBytes_AS_STRING(edge)
            esiz = <int>PyBytes_GET_SIZE(edge)
        owner.enter()
        with nogil:
            owner.acquire()
            compare = tcbdbcmpfunc(db)
            cmpop = tcbdbcmpop(db)
            cur = tcbdbcurnew(db)
            kxstr = tcxstrnew()
            vxstr = tcxstrnew()
            on = self.seat(db, cur)
            while on:
                on = tcbdbcurrec(cur, kxstr, vxstr)
                if not on:
                    break
                if ebuf != NULL:
                    order = compare(
                        <const char *>tcxstrptr(kxstr), tcxstrsize(kxstr),
                        ebuf, esiz, cmpop)
                    if (order < 0) if self.reverse else (order >= 0):
                        self.done = True
                        break
                place = self.arena.used
                if arena_record(
                    &self.arena,
                    tcxstrptr(kxstr), tcxstrsize(kxstr),
                    tcxstrptr(vxstr), 0 if self.kind == KEYS else tcxstrsize(vxstr),
                ) < 0:
                    code = -2
                    break
                count += 1
                self.vidx = cur.vidx
                if count == self.want or self.arena.used > 1 << 20:
                    break
                on = tcbdbcurprev(cur) if self.reverse else tcbdbcurnext(cur)
            if not on:
                code = tcbdbecode(db)
            tcxstrdel(kxstr)
            tcxstrdel(vxstr)
            tcbdbcurdel(cur)
            owner.release()
        owner.leave()
        if code == -2:
            raise MemoryError
        if not on:
            if code != TCENOREC:
                owner.fail(code)
            self.done = True
        if count:
            memcpy(&size, self.arena.data + place, 4)
            self.last = (self.arena.data + place + 8)[:size]
            self.last_buf = PyBytes_AS_STRING(self.last)
            self.last_size = <int>size
        self.left = count
        return 0

    cdef bint seat(self, TCBDB *db, BDBCUR *cur) noexcept nogil:
        """Put the cursor on the first record of the next block; False if none."""
        cdef const char *kbuf = self.last_buf
        cdef int ksiz = self.last_size
        cdef int size = 0
        cdef const char *found
        cdef bint on
        if kbuf != NULL:
            if self.reverse:
                on = tcbdbcurjumpback(cur, kbuf, ksiz)
            else:
                on = tcbdbcurjump(cur, kbuf, ksiz)
            if not on:
                return False
            found = <const char *>tcbdbcurkey3(cur, &size)
            if found == NULL:
                return False
            if tcbdbcmpfunc(db)(found, size, kbuf, ksiz, tcbdbcmpop(db)) != 0:
                return True     # the key is gone; this is its neighbour
            # The key is still there: go on behind (or before) the duplicate we know.
            cur.vidx = self.vidx
            return tcbdbcurprev(cur) if self.reverse else tcbdbcurnext(cur)
        kbuf = self.from_buf
        ksiz = self.from_size
        if not self.reverse:
            return tcbdbcurfirst(cur) if kbuf == NULL else tcbdbcurjump(cur, kbuf, ksiz)
        if kbuf == NULL:
            return tcbdbcurlast(cur)
        on = tcbdbcurjumpback(cur, kbuf, ksiz)
        while on:               # step over the records of `stop` itself
            found = <const char *>tcbdbcurkey3(cur, &size)
            if found == NULL:
                return False
            if tcbdbcmpfunc(db)(found, size, kbuf, ksiz, tcbdbcmpop(db)) < 0:
                return True
            cur.vidx = 0
            on = tcbdbcurprev(cur)
        return False

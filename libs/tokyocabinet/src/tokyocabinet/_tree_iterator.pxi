# Iteration over a B+ tree in either direction.
#
# PERF: the C library's cursor looks its leaf up in the page cache three times for each
# record, 0.2 to 0.7 us. The block reader below looks it up once for each leaf and reads
# the records where they lie, if they agree with what the cursor says (see tree_peek.h).
# Otherwise it moves the cursor.

cdef extern from * nogil:
    """
    #include "tree_peek.h"

    /* The leaf that a cursor stands on, or NULL when it is not as expected. */
    static TCPTRLIST *tree_leaf(TCBDB *bdb, BDBCUR *cur, const void *key) {
      int size;
      const TreeLeaf *leaf = tcmapget(bdb->leafc, &cur->id, sizeof(cur->id), &size);
      if (!leaf || leaf->id != cur->id || cur->kidx < 0 ||
          cur->kidx >= TCPTRLISTNUM(leaf->recs)) return NULL;
      const char *rec = TCPTRLISTVAL(leaf->recs, cur->kidx);
      return rec + sizeof(TreeRecord) == (const char *)key ? leaf->recs : NULL;
    }

    static int tree_leaf_size(TCPTRLIST *recs) { return TCPTRLISTNUM(recs); }

    static TreeRecord *tree_record(TCPTRLIST *recs, int index) {
      return TCPTRLISTVAL(recs, index);
    }

    static int tree_values(TreeRecord *rec) {
      return 1 + (rec->rest ? TCLISTNUM(rec->rest) : 0);
    }

    static const char *tree_value(TreeRecord *rec, int index, int *size) {
      if (index > 0) return tclistval(rec->rest, index - 1, size);
      *size = rec->vsiz;
      return tree_first_value(rec);
    }
    """
    ctypedef struct TCPTRLIST
    ctypedef struct TreeRecord:
        int ksiz
        int vsiz
    bint tree_layout_known()
    TCPTRLIST *tree_leaf(TCBDB *, BDBCUR *, const void *key)
    int tree_leaf_size(TCPTRLIST *)
    TreeRecord *tree_record(TCPTRLIST *, int)
    int tree_values(TreeRecord *)
    const char *tree_key(TreeRecord *)
    const char *tree_value(TreeRecord *, int, int *)

cdef bint LAYOUT_KNOWN = tree_layout_known()


cdef enum Progress:
    FULL            # the block has all the records it was to have
    EDGE            # the range ends here
    LEAF_DONE       # go on with the next leaf
    NO_MEMORY


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
    cdef const char *edge_buf   # where to end: `stop`, or `start` when going back
    cdef int edge_size
    cdef const char *last_buf
    cdef int last_size
    cdef size_t final           # where in the arena the block's last record is

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
        cdef bytes edge = self.start if reverse else self.stop
        if edge is not None:
            self.edge_buf = PyBytes_AS_STRING(edge)
            self.edge_size = <int>PyBytes_GET_SIZE(edge)
        owner.enter()
        owner.leave()
        self.epoch = owner.epoch

    cdef int fill(self) except -1:
        cdef Database owner = self.owner
        cdef TCBDB *db = <TCBDB *>owner.db
        cdef BDBCUR *cur
        cdef TCXSTR *kxstr
        cdef TCXSTR *vxstr
        cdef TCPTRLIST *leaf
        cdef const char *key
        cdef Progress progress = LEAF_DONE
        cdef bint on
        cdef int code = 0
        cdef int size = 0
        cdef uint32_t last
        owner.enter()
        with nogil:
            owner.acquire()
            cur = tcbdbcurnew(db)
            kxstr = tcxstrnew()
            vxstr = tcxstrnew()
            self.left = 0
            on = self.seat(db, cur)
            while on:
                key = <const char *>tcbdbcurkey3(cur, &size)
                on = key != NULL
                if not on:
                    break
                leaf = tree_leaf(db, cur, key) if LAYOUT_KNOWN else NULL
                if leaf != NULL:
                    progress = self.take_leaf(db, leaf, cur)
                else:
                    on = tcbdbcurrec(cur, kxstr, vxstr)
                    if not on:
                        break
                    progress = self.take(
                        db, cur.vidx,
                        <const char *>tcxstrptr(kxstr), tcxstrsize(kxstr),
                        <const char *>tcxstrptr(vxstr), tcxstrsize(vxstr))
                if progress != LEAF_DONE:
                    break
                on = tcbdbcurprev(cur) if self.reverse else tcbdbcurnext(cur)
            if not on:
                code = tcbdbecode(db)
            tcxstrdel(kxstr)
            tcxstrdel(vxstr)
            tcbdbcurdel(cur)
            owner.release()
        owner.leave()
        if progress == NO_MEMORY:
            raise MemoryError
        if not on and code != TCENOREC:
            owner.fail(code)
        self.done = not on or progress == EDGE
        if self.left:
            memcpy(&last, self.arena.data + self.final, 4)
            self.last = (self.arena.data + self.final + 8)[:last]
            self.last_buf = PyBytes_AS_STRING(self.last)
            self.last_size = <int>last
        return 0

    cdef Progress take_leaf(
        self, TCBDB *db, TCPTRLIST *leaf, BDBCUR *cur
    ) noexcept nogil:
        """Take the records from the cursor's to the end of its leaf; it follows."""
        cdef int step = -1 if self.reverse else 1
        cdef int index = cur.kidx
        cdef int vidx = cur.vidx
        cdef int end = -1 if self.reverse else tree_leaf_size(leaf)
        cdef int values
        cdef int vsiz = 0
        cdef TreeRecord *rec
        cdef const char *value
        cdef Progress progress
        while index != end:
            rec = tree_record(leaf, index)
            values = tree_values(rec)
            if vidx < 0:
                vidx = values - 1 if self.reverse else 0
            while 0 <= vidx < values:
                value = tree_value(rec, vidx, &vsiz)
                progress = self.take(
                    db, vidx, tree_key(rec), rec.ksiz, value, vsiz)
                if progress != LEAF_DONE:
                    return progress
                vidx += step
            vidx = -1
            cur.kidx = index
            cur.vidx = 0 if self.reverse else values - 1
            index += step
        return LEAF_DONE

    cdef Progress take(
        self, TCBDB *db, int vidx, const char *kbuf, int ksiz,
        const char *vbuf, int vsiz,
    ) noexcept nogil:
        """Append one record to the block."""
        cdef int order
        if self.edge_buf != NULL:
            order = tcbdbcmpfunc(db)(
                kbuf, ksiz, self.edge_buf, self.edge_size, tcbdbcmpop(db))
            if (order < 0) if self.reverse else (order >= 0):
                return EDGE
        self.final = self.arena.used
        if arena_record(
            &self.arena, kbuf, ksiz, vbuf, 0 if self.kind == KEYS else vsiz
        ) < 0:
            return NO_MEMORY
        self.left += 1
        self.vidx = vidx
        if self.left == self.want or self.arena.used > 1 << 20:
            return FULL
        return LEAF_DONE

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


cdef TreeIterator tree_walk(
    BDB db, int kind, object start, object stop, object prefix, bint reverse
):
    """Return an iterator over [start, stop), or over the keys with a prefix."""
    cdef bytes first, head
    if prefix is not None:
        if start is not None or stop is not None:
            raise ValueError("a prefix says where to start and to stop")
        if db.is_open and tcbdbcmpfunc(<TCBDB *>db.db) != tccmplexical:
            raise ValueError("in this order of keys a prefix is not a range")
        start = first = raw(prefix)
        # The first key behind: the last byte that can be raised, raised by one.
        head = first.rstrip(b"\xff")
        if head:
            stop = head[:len(head) - 1] + bytes([<unsigned char>head[len(head) - 1] + 1])
    return TreeIterator(db, kind, start, stop, reverse)

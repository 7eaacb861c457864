# Iteration over the leaves of a B+ tree where they lie in its file (see tree_leaf.h).

cdef extern from "tree_leaf.h" nogil:
    ctypedef struct LeafWalk:
        const char *key
        const char *value
        int key_size
        int value_size
    void leaf_walk_begin(LeafWalk *)
    void leaf_walk_end(LeafWalk *)
    bint leaf_turn(const TCBDB *, uint64_t *, LeafWalk *)
    bint leaf_step(LeafWalk *)
    uint64_t leaf_of(const TCBDB *, const char *, int)
    bint tree_leaves_readable(const TCBDB *)
    int tree_compare(TCCMP, const char *, int, const char *, int)


cdef class LeafIterator:
    """Iterate over the records with keys in [start, stop), past the page cache.

    What is not simple is left to `TreeIterator`: from the first leaf that is not on.
    """

    cdef BDB owner
    cdef unsigned long epoch
    cdef bytes start        # no record below this one is wanted any more
    cdef bytes stop
    cdef bytes last         # key of the last record
    cdef LeafWalk walk
    cdef uint64_t page      # the leaf to read next, 0: none
    cdef bint begun
    cdef object rest        # who goes on where this cannot

    def __cinit__(self, BDB owner not None, start, stop):
        leaf_walk_begin(&self.walk)
        self.owner = owner
        self.start = b"" if start is None else raw(start)
        self.stop = None if stop is None else raw(stop)
        owner.enter()
        owner.leave()
        self.epoch = owner.epoch

    def __dealloc__(self):
        leaf_walk_end(&self.walk)

    def __iter__(self):
        return self

    def __next__(self):
        cdef object key, value
        while self.rest is None:
            if leaf_step(&self.walk):
                if self.last is None and self.order(self.start) < 0:
                    continue
                if self.stop is not None and self.order(self.stop) >= 0:
                    self.page = 0
                    self.finish()
                    raise StopIteration
                key = PyBytes_FromStringAndSize(self.walk.key, self.walk.key_size)
                value = PyBytes_FromStringAndSize(self.walk.value, self.walk.value_size)
                self.last = key
                return key, value
            if self.begun and self.page == 0:
                raise StopIteration
            self.turn()
        return next(self.rest)

    cdef inline int order(self, bytes edge) noexcept:
        """Compare the key of the record at hand with an edge of the range."""
        return tree_compare(
            tccmplexical, self.walk.key, self.walk.key_size,
            PyBytes_AS_STRING(edge), <int>PyBytes_GET_SIZE(edge))

    cdef int finish(self) noexcept:
        """Let no further record be found."""
        while leaf_step(&self.walk):
            pass
        return 0

    cdef int turn(self) except -1:
        """Read the next leaf, or hand over to who can."""
        cdef BDB owner = self.owner
        cdef TCBDB *db = <TCBDB *>owner.db
        cdef const char *kbuf = PyBytes_AS_STRING(self.start)
        cdef int ksiz = <int>PyBytes_GET_SIZE(self.start)
        cdef bint done = False
        if self.epoch != owner.epoch:
            raise error_for(
                TCEINVALID, "invalid operation: the database was closed meanwhile")
        owner.enter()
        with nogil:
            owner.acquire()
            if not self.begun and tree_leaves_readable(db):
                self.page = leaf_of(db, kbuf, ksiz)
            if self.page:
                done = leaf_turn(db, &self.page, &self.walk)
            owner.release()
        owner.leave()
        self.begun = True
        if not done:
            start = self.start if self.last is None else self.last + b"\0"
            self.rest = TreeIterator(owner, ITEMS, start, self.stop, False)
        return 0


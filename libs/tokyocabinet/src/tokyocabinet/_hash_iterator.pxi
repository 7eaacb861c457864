# Iterators over a hash database that do not disturb each other.
#
# The C library has one iterator per handle: an offset in the file, which it corrects
# when blocks are merged or moved. Each of ours borrows it for one block at a time. The
# last record of a block is held back and becomes the anchor: the next block begins by
# jumping to its key. When the anchor was removed or moved meanwhile, the file is walked
# from its beginning up to the anchor's old offset, which is slower and as exact.


cdef class HashIterator(BlockIterator):
    """Iterate over the records in the file's order."""

    cdef bytes anchor
    cdef uint64_t offset
    cdef bint started

    def __init__(self, HDB owner not None, Kind kind):
        self.owner = owner
        self.kind = kind
        owner.enter()
        owner.leave()
        self.epoch = owner.epoch

    cdef int fill(self) except -1:
        cdef Database owner = self.owner
        cdef TCHDB *db = <TCHDB *>owner.db
        cdef TCXSTR *kxstr
        cdef TCXSTR *vxstr
        cdef const char *kbuf = NULL
        cdef int ksiz = 0
        cdef int code = 0
        cdef int count = 0
        cdef size_t last = 0
        cdef uint64_t at = 0
        cdef bint more = True
        cdef bytes anchor = self.anchor
        cdef uint32_t size
        if anchor is not None:
            kbuf = PyBytes_AS_STRING(anchor)
            ksiz = <int>PyBytes_GET_SIZE(anchor)
        owner.enter()
        with nogil:
            kxstr = tcxstrnew()
            vxstr = tcxstrnew()
            pthread_mutex_lock(&owner.lock)
            code = self.seat(db, kbuf, ksiz)
            while code == 0:
                at = db.iter
                more = tchdbiternext3(db, kxstr, vxstr)
                if not more:
                    code = tchdbecode(db)
                    break
                last = self.arena.used
                if arena_record(
                    &self.arena,
                    tcxstrptr(kxstr), tcxstrsize(kxstr),
                    tcxstrptr(vxstr), 0 if self.kind == KEYS else tcxstrsize(vxstr),
                ) < 0:
                    code = -2
                    break
                count += 1
                if count > self.want or (
                    count > 1 and self.arena.used > 1 << 20
                ):
                    break
            pthread_mutex_unlock(&owner.lock)
            tcxstrdel(kxstr)
            tcxstrdel(vxstr)
        owner.leave()
        if code == -2:
            raise MemoryError
        if code and code != TCENOREC:
            owner.fail(code)
        self.started = True
        if more:
            memcpy(&size, self.arena.data + last, 4)
            self.anchor = (self.arena.data + last + 8)[:size]
            self.offset = at
            count -= 1
        else:
            self.done = True
        self.left = count
        return 0

    cdef int seat(self, TCHDB *db, const char *kbuf, int ksiz) noexcept nogil:
        """Put the C library's iterator where the next block begins; an error code."""
        cdef void *key
        cdef int size
        cdef uint64_t target = self.offset
        if kbuf != NULL:
            if tchdbiterinit2(db, kbuf, ksiz) and db.iter == target:
                return 0
        if not tchdbiterinit(db):
            return tchdbecode(db)
        if kbuf == NULL:
            return 0
        while db.iter < target:
            key = tchdbiternext(db, &size)
            if key == NULL:
                return tchdbecode(db)
            if db.iter > target:
                # This record began at or behind the target: it is the next one.
                if not tchdbiterinit2(db, key, size):
                    free(key)
                    return tchdbecode(db)
                free(key)
                if db.iter >= target:
                    return 0
                key = tchdbiternext(db, &size)
            free(key)
        return 0

# Iterators over a hash database that do not disturb each other.
#
# The C library has one iterator per handle: an offset in the file, which it corrects
# when blocks are merged or moved. Each of ours borrows it for one block at a time. The
# last record of a block is held back and becomes the anchor: the next block begins by
# jumping to its key. When the anchor was removed or moved meanwhile, the file is walked
# from its beginning up to the anchor's old offset, which is slower and as exact. Where
# the caller says where to begin, that key is the first anchor, its offset not yet known.


# PERF: most of what tchdbiternext3 takes for a record is locks and copies. Where the
# file is mapped and its values are not packed, blocks are read where they lie.

cdef extern from *:
    """
    #define RECORD_BLOCK 0xC8
    #define FREE_BLOCK 0xB0
    """
    enum: RECORD_BLOCK
    enum: FREE_BLOCK


cdef uint64_t NOT_KNOWN = UINT64_MAX


cdef inline uint32_t at_most_four(const uint8_t *at, int width, bint big) noexcept nogil:
    cdef uint32_t value = 0
    cdef int index
    for index in range(width):
        value |= <uint32_t>at[index] << 8 * (width - 1 - index if big else index)
    return value


cdef inline const uint8_t *size_at(
    const uint8_t *at, const uint8_t *end, uint64_t *value
) noexcept nogil:
    """Read a variable-length number, at most 5 bytes; NULL when it does not fit."""
    cdef int index
    value[0] = 0
    for index in range(5):
        if at + index >= end:
            return NULL
        if at[index] < 0x80:
            value[0] += <uint64_t>at[index] << 7 * index
            return at + index + 1
        value[0] += <uint64_t>(255 - at[index]) << 7 * index
    return NULL


cdef class HashIterator(BlockIterator):
    """Iterate over the records in the file's order."""

    def __init__(self, HDB owner not None, Kind kind, start=None):
        self.kind = kind
        self.hdb = <TCHDB *>owner.db
        self.init = <plain_call>tchdbiterinit
        self.jump = <jump_call>tchdbiterinit2
        self.step = <next_call>tchdbiternext
        self.begin(owner, None if start is None else raw(start))

    cdef int begin(self, Database owner, bytes start) except -1:
        self.owner = owner
        self.anchor = start
        self.offset = 0 if start is None else NOT_KNOWN
        owner.enter()
        owner.leave()
        self.epoch = owner.epoch
        return 0

    cdef int fill(self) except -1:
        cdef Database owner = self.owner
        cdef TCXSTR *kxstr
        cdef TCXSTR *vxstr
        cdef const char *kbuf = NULL
        cdef void *key
        cdef int ksiz = 0
        cdef int code = 0
        cdef int count = 0
        cdef int room
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
            owner.acquire_shared()
            pthread_mutex_lock(&owner.walk)
            code = self.seat(owner.db, owner.calls.ecode, kbuf, ksiz)
            if code == 0 and self.step == <next_call>tchdbiternext:
                code = self.take_mapped(&count, &last, &at)
            while code == 0 and not (
                count > self.want or (count > 1 and self.arena.used > 1 << 20)
            ):
                at = self.hdb.iter
                if self.kind == KEYS:
                    key = self.step(owner.db, &ksiz)
                    more = key != NULL
                    if more:
                        tcxstrclear(kxstr)
                        tcxstrcat(kxstr, key, ksiz)
                        free(key)
                else:
                    more = tchdbiternext3(self.hdb, kxstr, vxstr)
                if not more:
                    code = owner.calls.ecode(owner.db)
                    break
                last = self.arena.used
                room = arena_record(
                    &self.arena, tcxstrptr(kxstr), tcxstrsize(kxstr),
                    tcxstrptr(vxstr), tcxstrsize(vxstr))
                if room < 0:
                    code = -2
                    break
                count += 1
                # The last record stays behind as the next block's anchor.
                if count > self.want or (count > 1 and self.arena.used > 1 << 20):
                    break
            pthread_mutex_unlock(&owner.walk)
            owner.release()
            tcxstrdel(kxstr)
            tcxstrdel(vxstr)
        owner.leave()
        if code == -2:
            raise MemoryError
        if code and (code != TCENOREC or (self.offset == NOT_KNOWN and count == 0)):
            self.done = True
            owner.fail(code)
        if code == 0:
            memcpy(&size, self.arena.data + last, 4)
            self.anchor = (self.arena.data + last + 8)[:size]
            self.offset = at
            count -= 1
        else:
            self.done = True
        self.left = count
        return 0

    cdef int take_mapped(self, int *count, size_t *last, uint64_t *at) noexcept nogil:
        """Take records that lie whole in the map; stops at the first that does not."""
        cdef TCHDB *hdb = self.hdb
        cdef const uint8_t *map = <const uint8_t *>hdb.map
        cdef const uint8_t *end
        cdef const uint8_t *place
        cdef uint64_t mapped_size = max(hdb.xmsiz, hdb.msiz)
        cdef uint64_t ksiz = 0
        cdef uint64_t vsiz = 0
        cdef uint64_t size
        cdef int head = 12
        cdef bint big
        if hdb.zmode or hdb.async or hdb.drpool != NULL or map == NULL:
            return 0
        # SPEC: the bucket count at 40, in the order the C library was built for.
        big = at_most_four(map + 44, 4, True) == <uint32_t>hdb.bnum
        if map[36] & 1:         # LARGE
            head = 20
        end = map + min(mapped_size, hdb.fsiz)
        while (
            count[0] <= self.want
            and not (count[0] > 1 and self.arena.used > 1 << 20)
        ):
            place = map + hdb.iter
            if place + 32 >= end:
                return 0
            if place[0] == FREE_BLOCK:
                size = at_most_four(place + 1, 4, big)
                if size == 0 or size > <uint64_t>(end - place):
                    return 0
                hdb.iter += size
                continue
            if place[0] != RECORD_BLOCK:
                return 0
            size = at_most_four(place + head - 2, 2, big)
            place = size_at(place + head, end, &ksiz)
            if place == NULL:
                return 0
            place = size_at(place, end, &vsiz)
            if place == NULL or ksiz + vsiz + size > <uint64_t>(end - place):
                return 0
            last[0] = self.arena.used
            at[0] = hdb.iter
            if arena_record(
                &self.arena, place, <int>ksiz, place + ksiz,
                0 if self.kind == KEYS else <int>vsiz,
            ) < 0:
                return -2
            hdb.iter = <uint64_t>(place - map) + ksiz + vsiz + size
            count[0] += 1
        return 0

    cdef int seat(
        self, void *db, code_call ecode, const char *kbuf, int ksiz) noexcept nogil:
        """Put the C library's iterator where the next block begins; an error code."""
        cdef void *key
        cdef int size
        cdef uint64_t target = self.offset
        cdef uint64_t before
        # LIMIT: the C library asserts that the key to jump to is not empty.
        if ksiz > 0 and self.jump(db, kbuf, ksiz) and (
            target == NOT_KNOWN or self.hdb.iter == target
        ):
            return 0
        if ksiz > 0 and target == NOT_KNOWN:
            return TCENOREC
        if not self.init(db):
            return ecode(db)
        if kbuf == NULL:
            return 0
        while target == NOT_KNOWN:
            before = self.hdb.iter
            key = self.step(db, &size)
            if key == NULL:
                return ecode(db)
            free(key)
            if size == 0:
                self.hdb.iter = before
                return 0
        while self.hdb.iter < target:
            before = self.hdb.iter
            key = self.step(db, &size)
            if key == NULL:
                return ecode(db)
            if self.hdb.iter > target and size == 0:
                self.hdb.iter = before
                free(key)
                return 0
            if self.hdb.iter > target:
                # This record began at or behind the target, so it comes next; or it
                # covers the target and has been seen.
                if not self.jump(db, key, size):
                    free(key)
                    return ecode(db)
                if self.hdb.iter < target:
                    free(self.step(db, &size))
                free(key)
                return 0
            free(key)
        return 0

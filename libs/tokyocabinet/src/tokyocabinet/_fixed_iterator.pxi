# Iteration over a fixed-length database, by number.


cdef class FixedIterator:
    """Iterate over the records with numbers in [start, stop), in blocks.

    The next block begins at the number behind the last one, so it does not matter what
    is stored or removed meanwhile.
    """

    cdef FDB owner
    cdef unsigned long epoch
    cdef Kind kind
    cdef int64_t next_id
    cdef int64_t stop
    cdef object block           # iterator over the numbers, values or pairs at hand
    cdef int want

    def __init__(self, FDB owner not None, Kind kind, start, stop):
        self.owner = owner
        self.kind = kind
        self.next_id = 1 if start is None else max(number(start), 1)
        self.stop = 0 if stop is None else number(stop)
        self.want = 16
        self.block = iter(())
        owner.enter()
        owner.leave()
        self.epoch = owner.epoch
        if stop is not None and self.stop <= self.next_id:
            self.block = None

    def __iter__(self):
        return self

    def __next__(self):
        while self.block is not None:
            for record in self.block:
                return record
            self.fill()
        raise StopIteration

    cdef int fill(self) except -1:
        cdef list ids, values
        if self.epoch != self.owner.epoch:
            raise error_for(
                TCEINVALID, "invalid operation: the database was closed meanwhile")
        if self.owner.is_open and (<TCFDB *>self.owner.db).wsiz == 1:
            return self.fill_mapped()
        ids = self.owner.range(
            self.next_id, self.stop - 1 if self.stop else None, self.want)
        if not ids:
            self.owner.enter()
            self.owner.leave()
            self.block = None
            return 0
        self.next_id = ids[len(ids) - 1] + 1
        if self.stop and self.next_id >= self.stop:
            self.stop = self.next_id
        self.want = min(self.want * 2, 512)
        if self.kind == KEYS:
            self.block = iter(ids)
            return 0
        # A record removed between the two calls is simply not there any more.
        values = self.owner.get_many(ids, missing)
        if self.kind == VALUES:
            self.block = iter([value for value in values if value is not missing])
        else:
            self.block = iter(
                [pair for pair in zip(ids, values) if pair[1] is not missing])
        return 0

    cdef int fill_mapped(self) except -1:
        """Read the next block where it lies in memory."""
        cdef FDB owner = self.owner
        cdef TCFDB *db = <TCFDB *>owner.db
        cdef const unsigned char *at
        cdef Arena arena
        cdef int64_t id = self.next_id
        cdef int64_t end
        cdef int size = 0
        cdef int count = 0
        cdef int room = 0
        cdef int index
        cdef uint32_t sizes[2]
        cdef char *place
        cdef list block = []
        arena.data = NULL
        arena.used = arena.room = 0
        arena.owned = False
        owner.enter()
        with nogil:
            owner.acquire()
            end = <int64_t>db.max + 1
            if self.stop and self.stop < end:
                end = self.stop
            while id < end and count < self.want and room == 0:
                at = fixed_value(db, id, &size)
                if at != NULL:
                    room = arena_record(&arena, &id, 8, at, size)
                    count += 1
                id += 1
            owner.release()
        owner.leave()
        if room:
            arena_free(&arena)
            raise MemoryError
        self.next_id = id
        self.want = min(self.want * 2, 512)
        place = arena.data
        try:
            for index in range(count):
                memcpy(sizes, place, 8)
                memcpy(&id, place + 8, 8)
                if self.kind == KEYS:
                    block.append(id)
                elif self.kind == VALUES:
                    block.append(PyBytes_FromStringAndSize(place + 16, sizes[1]))
                else:
                    block.append((id, PyBytes_FromStringAndSize(place + 16, sizes[1])))
                place += 16 + sizes[1]
        finally:
            arena_free(&arena)
        self.block = iter(block) if count else None
        return 0

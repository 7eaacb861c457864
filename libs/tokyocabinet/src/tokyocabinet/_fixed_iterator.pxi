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

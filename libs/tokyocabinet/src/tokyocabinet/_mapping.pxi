# What makes a database a MutableMapping, and records that change in one step.


cdef class MappingDatabase(Database):
    """A database as a mapping from keys to records; see `collections.abc.MutableMapping`.

    Looking up what is not there raises `RecordMissingError`, which is a `KeyError`.
    """

    cdef object fetch(self, object key, object default):
        """Return a record, or `default`."""
        raise NotImplementedError

    cdef int measure(self, object key) except -2:
        """Return the size of a record in bytes, -1 when there is none."""
        raise NotImplementedError

    cdef bint change(self, object key, bytes value, TCPDPROC proc, void *op) except -1:
        """Call the C library's putproc; False when nothing was stored."""
        raise NotImplementedError

    def get(self, key, default=None):
        """Return the record under `key`, or `default`.

        Keeps the GIL where that needs no disk.
        """
        return self.fetch(key, default)

    def __getitem__(self, key):
        cdef object record = self.fetch(key, missing)
        if record is missing:
            raise error_for(TCENOREC, "no record found")
        return record

    def __contains__(self, key):
        return self.measure(key) >= 0

    def vsiz(self, key):
        """Return the size of a record (without its key) in bytes.

        Raises:
            RecordMissingError: There is no such record.
        """
        cdef int size = self.measure(key)
        if size < 0:
            raise error_for(TCENOREC, "no record found")
        return size

    def update(self, items=(), /):
        """Store the records of a mapping or of an iterable of pairs; see `put_many`."""
        self.put_many(items)

    def setdefault(self, key, default=b""):
        """Return the record under `key`, storing `default` first when there is none."""
        while True:
            self.putkeep(key, default)
            record = self.fetch(key, missing)
            if record is not missing:   # removed by another thread meanwhile
                return record

    def pop(self, key, /, *default):
        """Remove a record and return it, or the default.

        Raises:
            RecordMissingError: There is none, and no default.
        """
        if len(default) > 1:
            raise TypeError("pop expects a key and at most one default")
        record = self.fetch(key, missing)
        if record is missing or not self.out(key):
            if default:
                return default[0]
            raise error_for(TCENOREC, "no record found")
        return record

    def popitem(self):
        """Remove some record and return it as (key, record).

        Raises:
            RecordMissingError: There is none.
        """
        for key, record in self.iteritems():
            if self.out(key):
                return key, record
        raise error_for(TCENOREC, "no record found")

    def clear(self):
        """Remove all records."""
        self.vanish()

    def __iter__(self):
        raise NotImplementedError   # each kind has its own

    def keys(self):
        """Return a view of the keys, which may be iterated while others write."""
        return RecordKeys(self)

    def values(self):
        """Return a view of the records, which may be iterated while others write."""
        return RecordValues(self)

    def items(self):
        """Return a view of the (key, record) pairs; see `keys`."""
        return RecordItems(self)

    # -- read, change and store under one lock

    def putproc(self, key, value, function):
        """Change a record under one lock; return whether anything was stored.

        Args:
            key: The record's key.
            value: Stored when there is no such record; None stores nothing.
            function: Called with the old value when there is one. Returns the new
                value, None to leave the record alone, or `REMOVE`. It must not use
                this handle.
        """
        cdef Callback callback = Callback(self, function)
        return self.change(
            key, None if value is None else raw(value), put_proc, <void *>callback)

    def addint(self, key, num):
        """Add to a counter (4 bytes in the machine's order) and return the sum.

        A missing record counts from 0.

        Raises:
            OverflowError: The sum leaves 32 bits; the record is unchanged.
            InvalidOperationError: The value is not a counter.
        """
        cdef int32_t step = PyNumber_Index(num)
        cdef Counter counter
        cdef bytes first = PyBytes_FromStringAndSize(<const char *>&step, sizeof(int32_t))
        counter.whole = step
        counter.status = COUNTED
        self.change(key, first, add_int, &counter)
        counted(&counter)
        return counter.whole

    def adddouble(self, key, double num):
        """Add to a real number (8 bytes in the machine's order) and return the sum.

        Raises:
            OverflowError: The sum is infinite; the record is unchanged.
            InvalidOperationError: The value is not a real number.
        """
        cdef Counter counter
        cdef bytes first = PyBytes_FromStringAndSize(<const char *>&num, sizeof(double))
        counter.real = num
        counter.status = COUNTED
        self.change(key, first, add_double, &counter)
        counted(&counter)
        return counter.real

# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Posting lists in memory: what the newest documents add to those on disk; see `pending`.

A list has a name, the field's two bytes and the term as in the engine's keys, and holds
document numbers. `names` in one byte string, each behind its length (two bytes,
little-endian), are what a document adds; `_analysis` makes them.

Theory of operation: an open hash table leads to entries, an entry to its numbers in
descending order. New documents have the smallest numbers, so nearly every one goes to
the end. The lists are dealt to `SHARDS` by the top of their hash, the same in every
process, so that a part of them can be told apart and written to disk at a time.
"""

from array import array as _array

from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove

cdef extern from *:
    """
    #define prefetch(at) __builtin_prefetch(at)
    """
    void prefetch(const void *at) noexcept nogil

cdef array.array _TEMPLATE = _array("Q")
cdef enum:
    SHARD_COUNT = 256
    FIRST_SLOTS = 1024
    AT_ONCE = 128

SHARDS = SHARD_COUNT

cdef struct Entry:
    uint64_t hash
    size_t name       # place in the arena
    uint64_t *many    # the numbers; NULL while there is at most one
    uint64_t one
    uint32_t length   # of the name
    uint32_t count
    uint32_t room
    int32_t next      # in the shard; -1 ends


cdef inline uint64_t hash_of(const uint8_t *name, Py_ssize_t length) noexcept nogil:
    """FNV-1a, with its bits spread: the shard is in the top ones."""
    cdef uint64_t found = 14695981039346656037u
    cdef Py_ssize_t at
    for at in range(length):
        found = (found ^ name[at]) * 1099511628211u
    found ^= found >> 32
    found *= 0x9E3779B97F4A7C15u
    return found ^ (found >> 29)


cdef inline uint16_t length_at(const uint8_t *place) noexcept nogil:
    return place[0] | <uint16_t> place[1] << 8


def unpack(bytes names not None):
    """Return the names in a byte string of them as a list."""
    cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(names)
    cdef Py_ssize_t at = 0, size = PyBytes_GET_SIZE(names), length
    cdef list found = []
    # LIMIT: what was stored damaged must not make this read outside.
    while at + 2 <= size:
        length = length_at(data + at)
        at += 2
        if at + length > size:
            raise ValueError("damaged list of terms")
        found.append(PyBytes_FromStringAndSize(<const char *> data + at, length))
        at += length
    if at != size:
        raise ValueError("damaged list of terms")
    return found


def pack(names):
    """Return names as one byte string, each behind its length."""
    parts = []
    for name in names:
        parts.append(len(name).to_bytes(2, "little"))
        parts.append(name)
    return b"".join(parts)


cdef class Delta:
    """Posting lists by name.

    Attributes:
        postings: Numbers in all lists.
        folded: The shards before this one count as empty: their lists are on disk.
    """

    cdef readonly Py_ssize_t postings
    cdef public int folded
    cdef Entry *entries
    cdef uint32_t used, room
    cdef int32_t *slots
    cdef uint64_t mask
    cdef uint8_t *arena
    cdef size_t arena_used, arena_room
    cdef int32_t heads[SHARD_COUNT]

    def __cinit__(self):
        cdef int at
        self.postings = 0
        self.folded = 0
        self.used = 0
        self.room = FIRST_SLOTS // 2
        self.mask = FIRST_SLOTS - 1
        self.arena_used = 0
        self.arena_room = 1 << 14
        self.entries = <Entry *> malloc(self.room * sizeof(Entry))
        self.slots = <int32_t *> malloc(FIRST_SLOTS * sizeof(int32_t))
        self.arena = <uint8_t *> malloc(self.arena_room)
        if not self.entries or not self.slots or not self.arena:
            raise MemoryError
        for at in range(FIRST_SLOTS):
            self.slots[at] = -1
        for at in range(SHARD_COUNT):
            self.heads[at] = -1

    def __dealloc__(self):
        cdef uint32_t at
        if self.entries:
            for at in range(self.used):
                free(self.entries[at].many)
        free(self.entries)
        free(self.slots)
        free(self.arena)

    @property
    def size_bytes(self):
        """About how much memory it takes, with the usual slack of its lists."""
        return (
            self.room * sizeof(Entry) + (self.mask + 1) * sizeof(int32_t)
            + self.arena_room + self.postings * 12
        )

    cdef Entry *look(self, const uint8_t *name, Py_ssize_t length, uint64_t hash) noexcept:
        cdef uint64_t at = hash & self.mask
        cdef Entry *entry
        while self.slots[at] >= 0:
            entry = &self.entries[self.slots[at]]
            if (
                entry.hash == hash and entry.length == length
                and memcmp(self.arena + entry.name, name, length) == 0
            ):
                return entry
            at = (at + 1) & self.mask
        return NULL

    cdef int grow(self) except -1:
        """Make room for twice as many entries."""
        cdef uint32_t room = self.room * 2, number
        cdef uint64_t mask = (self.mask + 1) * 2 - 1, at
        cdef Entry *entries = <Entry *> realloc(self.entries, room * sizeof(Entry))
        if not entries:
            raise MemoryError
        self.entries = entries
        self.room = room
        cdef int32_t *slots = <int32_t *> malloc((mask + 1) * sizeof(int32_t))
        if not slots:
            raise MemoryError
        for at in range(mask + 1):
            slots[at] = -1
        for number in range(self.used):
            at = entries[number].hash & mask
            while slots[at] >= 0:
                at = (at + 1) & mask
            slots[at] = <int32_t> number
        free(self.slots)
        self.slots = slots
        self.mask = mask
        return 0

    cdef Entry *make(self, const uint8_t *name, Py_ssize_t length, uint64_t hash) except NULL:
        """Return the entry of a list that is not there yet."""
        cdef size_t room = self.arena_room
        cdef uint8_t *arena
        cdef uint64_t at
        cdef int shard
        if self.used == self.room:
            self.grow()
        if self.arena_used + length > room:
            while self.arena_used + length > room:
                room *= 2
            arena = <uint8_t *> realloc(self.arena, room)
            if not arena:
                raise MemoryError
            self.arena = arena
            self.arena_room = room
        at = hash & self.mask
        while self.slots[at] >= 0:
            at = (at + 1) & self.mask
        cdef Entry *entry = &self.entries[self.used]
        memcpy(self.arena + self.arena_used, name, length)
        entry.hash = hash
        entry.name = self.arena_used
        entry.length = <uint32_t> length
        entry.many = NULL
        entry.count = 0
        entry.room = 0
        shard = <int> (hash >> 56)
        entry.next = self.heads[shard]
        self.heads[shard] = <int32_t> self.used
        self.slots[at] = <int32_t> self.used
        self.arena_used += length
        self.used += 1
        return entry

    cdef int insert(
        self, const uint8_t *name, Py_ssize_t length, uint64_t hash, uint64_t number
    ) except -1:
        cdef Entry *entry = self.look(name, length, hash)
        cdef uint64_t *many
        cdef uint32_t room, at
        if entry is NULL:
            entry = self.make(name, length, hash)
        if entry.many is NULL:
            if entry.count == 0:
                entry.one = number
                entry.count = 1
                self.postings += 1
                return 0
            if entry.one == number:
                return 0
            many = <uint64_t *> malloc(4 * sizeof(uint64_t))
            if not many:
                raise MemoryError
            many[0] = entry.one
            entry.many = many
            entry.room = 4
        elif entry.count == entry.room:
            room = entry.room + entry.room // 2
            many = <uint64_t *> realloc(entry.many, room * sizeof(uint64_t))
            if not many:
                raise MemoryError
            entry.many = many
            entry.room = room
        many = entry.many
        at = entry.count
        if at and many[at - 1] <= number:
            at = place(many, entry.count, number)
            if at < entry.count and many[at] == number:
                return 0
            memmove(many + at + 1, many + at, (entry.count - at) * sizeof(uint64_t))
        many[at] = number
        entry.count += 1
        self.postings += 1
        return 0

    def add(self, bytes names not None, uint64_t number):
        """Put a number into each list named; one that has it already stays as it is.

        Returns:
            How many names there are.
        """
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(names)
        cdef Py_ssize_t at = 0, size = PyBytes_GET_SIZE(names), count = 0
        cdef const uint8_t *places[AT_ONCE]
        cdef Py_ssize_t[AT_ONCE] lengths
        cdef uint64_t[AT_ONCE] hashes
        cdef int some, one
        while at < size:
            some = 0
            while at < size and some < AT_ONCE:
                if at + 2 > size or at + 2 + length_at(data + at) > size:
                    raise ValueError("damaged list of terms")
                lengths[some] = length_at(data + at)
                places[some] = data + at + 2
                hashes[some] = hash_of(places[some], lengths[some])
                prefetch(&self.slots[hashes[some] & self.mask])
                at += lengths[some] + 2
                some += 1
            self.warm(hashes, some)
            for one in range(some):
                self.insert(places[one], lengths[one], hashes[one], number)
            count += some
        return count

    cdef void warm(self, uint64_t *hashes, int some) noexcept:
        """Ask for the memory that as many inserts will want.

        PERF: an insert into a full generation waits three times for memory, 0.4 us; asked
        for together, a hundred wait as long as a few (2026-11).
        """
        cdef int one
        cdef int32_t number
        cdef Entry *entry
        for one in range(some):
            number = self.slots[hashes[one] & self.mask]
            if number >= 0:
                prefetch(&self.entries[number])
        for one in range(some):
            number = self.slots[hashes[one] & self.mask]
            if number >= 0:
                entry = &self.entries[number]
                prefetch(self.arena + entry.name)
                if entry.many is not NULL and entry.count:
                    prefetch(entry.many + entry.count - 1)

    def remove(self, bytes name not None, uint64_t number):
        """Take a number out of one list; return whether it was there."""
        cdef Entry *entry = self.seen(name)
        cdef uint64_t *many
        cdef uint32_t at
        if entry is NULL or entry.count == 0:
            return False
        many = &entry.one if entry.many is NULL else entry.many
        at = place(many, entry.count, number)
        if at == entry.count or many[at] != number:
            return False
        entry.count -= 1
        memmove(many + at, many + at + 1, (entry.count - at) * sizeof(uint64_t))
        self.postings -= 1
        return True

    cdef Entry *seen(self, bytes name) noexcept:
        """Return the entry of a list that is not on disk, or NULL."""
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(name)
        cdef uint64_t hash = hash_of(data, PyBytes_GET_SIZE(name))
        if <int> (hash >> 56) < self.folded:
            return NULL
        return self.look(data, PyBytes_GET_SIZE(name), hash)

    cdef array.array numbers_in(self, Entry *entry):
        """Return the numbers of an entry, ascending."""
        cdef array.array found = array.clone(_TEMPLATE, entry.count, False)
        cdef uint64_t *out = <uint64_t *> found.data.as_voidptr
        cdef uint64_t *many = &entry.one if entry.many is NULL else entry.many
        cdef uint32_t at
        for at in range(entry.count):
            out[entry.count - 1 - at] = many[at]
        return found

    def numbers(self, bytes name not None):
        """Return the numbers of a list, ascending; none if there is no such list."""
        cdef Entry *entry = self.seen(name)
        if entry is NULL:
            return array.clone(_TEMPLATE, 0, False)
        return self.numbers_in(entry)

    def names(self, bytes head not None):
        """Return the names of the lists that begin with `head`, in no order."""
        cdef const char *wanted = PyBytes_AS_STRING(head)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(head)
        cdef Entry *entry
        cdef uint32_t number
        cdef list found = []
        for number in range(self.used):
            entry = &self.entries[number]
            if (
                entry.count and entry.length >= length
                and <int> (entry.hash >> 56) >= self.folded
                and memcmp(self.arena + entry.name, wanted, length) == 0
            ):
                found.append(PyBytes_FromStringAndSize(
                    <const char *> self.arena + entry.name, entry.length))
        return found

    def shard(self, int which):
        """Return (name, numbers ascending) of every list of one shard."""
        cdef int32_t number = self.heads[which]
        cdef Entry *entry
        cdef list found = []
        while number >= 0:
            entry = &self.entries[number]
            if entry.count:
                found.append((
                    PyBytes_FromStringAndSize(
                        <const char *> self.arena + entry.name, entry.length),
                    self.numbers_in(entry),
                ))
            number = entry.next
        return found


cdef uint32_t place(uint64_t *many, uint32_t count, uint64_t number) noexcept:
    """Return the first place in descending numbers whose number is not above `number`."""
    cdef uint32_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) // 2
        if many[middle] > number:
            low = middle + 1
        else:
            high = middle
    return low

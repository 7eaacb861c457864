# cython: boundscheck=False, wraparound=False, cdivision=True
"""Documents of a reply, from the hashes' records straight to the wire.

PERF: thirty documents of nine fields took 400 µs as dictionaries and lists, two thirds of
a search; so they take 30 (2026-11). What a record looks like is
`hunch_kvstore.keyspace.packed`'s to say.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy

cdef enum:
    MOST = 512  # fields; a packed record has fewer

cdef struct Part:
    const char *data
    uint32_t size


cdef inline uint32_t u32(const uint8_t *at) noexcept:
    return <uint32_t> at[0] << 24 | <uint32_t> at[1] << 16 | <uint32_t> at[2] << 8 | at[3]


cdef inline int digits(uint32_t number) noexcept:
    cdef int found = 1
    while number >= 10:
        number //= 10
        found += 1
    return found


cdef inline char *head(char *out, char sign, uint32_t number) noexcept:
    """Write the sign, the number and the end of the line."""
    cdef int length = digits(number), at
    out[0] = sign
    for at in range(length, 0, -1):
        out[at] = <char> (c"0" + number % 10)
        number //= 10
    out[length + 1] = c"\r"
    out[length + 2] = c"\n"
    return out + length + 3


cdef inline char *bulk(char *out, Part part) noexcept:
    out = head(out, c"$", part.size)
    memcpy(out, part.data, part.size)
    out[part.size] = c"\r"
    out[part.size + 1] = c"\n"
    return out + part.size + 2


cdef class Rows:
    """Writes the documents of one reply.

    Args:
        order: The place of each field known so far; fields not in it join it.
        title: A name under which one field comes first, before all by their own.
        again: That field.
    """

    cdef dict order
    cdef bytes title
    cdef bytes again
    cdef bytes record           # SAFETY: what `names` and `values` point into
    cdef int count
    cdef int extra              # which field is shown twice, -1: none
    cdef Part[MOST] names
    cdef Part[MOST] values
    cdef int[MOST] places
    cdef char *out
    cdef Py_ssize_t used
    cdef Py_ssize_t room

    def __init__(self, dict order not None, bytes title=None, bytes again=None):
        self.order = order
        self.title = title
        self.again = again

    def __dealloc__(self):
        free(self.out)

    cdef int read(self, bytes record, Py_ssize_t at) except -1:
        """Take a record apart.

        PERF: most documents have the fields of the one before, in the same order; these
        are not looked up again.
        """
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(record)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(record), body
        cdef const char *name
        cdef uint32_t length
        cdef int count, number
        cdef bint is_same
        if at + 2 > size:
            raise ValueError("damaged hash")
        count = data[at] << 8 | data[at + 1]
        body = at + 2 + 8 * count
        if count > MOST or body > size:
            raise ValueError("damaged hash")
        is_same = count == self.count
        for number in range(count):
            length = u32(data + at + 2 + 8 * number)
            self.values[number].size = u32(data + at + 6 + 8 * number)
            # LIMIT: a damaged record must not make this read outside.
            if size - body < <Py_ssize_t> length + self.values[number].size:
                self.count = 0
                raise ValueError("damaged hash")
            name = <const char *> data + body
            is_same = (
                is_same and length == self.names[number].size
                and memcmp(name, self.names[number].data, length) == 0
            )
            self.names[number].data = name
            self.names[number].size = length
            self.values[number].data = name + length
            body += length + self.values[number].size
        self.record = record
        self.count = count
        if not is_same:
            self.arrange()
        return 0

    cdef int arrange(self) except -1:
        """Put the fields into order."""
        cdef int[MOST] ranks
        cdef int number, place, rank
        cdef object known
        cdef bytes name
        self.extra = -1
        for number in range(self.count):
            name = PyBytes_FromStringAndSize(
                self.names[number].data, self.names[number].size)
            if self.again is not None and name == self.again:
                self.extra = number
            known = self.order.get(name)
            if known is None:
                known = len(self.order)
                self.order[name] = known
            rank = known
            ranks[number] = rank
            place = number
            while place and ranks[self.places[place - 1]] > rank:
                self.places[place] = self.places[place - 1]
                place -= 1
            self.places[place] = number
        return 0

    cdef int reserve(self, Py_ssize_t more) except -1:
        """Make room for so many bytes."""
        cdef char *out
        if self.used + more > self.room:
            out = <char *> realloc(self.out, 2 * self.used + more)
            if out is NULL:
                raise MemoryError
            self.out = out
            self.room = 2 * self.used + more
        return 0

    cdef int add(self, const char *data, Py_ssize_t size) except -1:
        """Append bytes."""
        self.reserve(size)
        memcpy(self.out + self.used, data, size)
        self.used += size
        return 0

    cdef int show(self, bint is_map) except -1:
        """Append the document at hand."""
        cdef Py_ssize_t total = 32
        cdef int number, shown = self.count
        cdef char *out
        cdef Part title = Part(NULL, 0)
        for number in range(self.count):
            total += self.names[number].size + self.values[number].size + 30
        if self.extra >= 0:
            title.data = PyBytes_AS_STRING(self.title)
            title.size = <uint32_t> PyBytes_GET_SIZE(self.title)
            total += title.size + self.values[self.extra].size + 30
            shown += 1
        self.reserve(total)
        out = self.out + self.used
        out = head(out, c"%" if is_map else c"*", shown if is_map else 2 * shown)
        if self.extra >= 0:
            out = bulk(out, title)
            out = bulk(out, self.values[self.extra])
        for number in range(self.count):
            out = bulk(out, self.names[self.places[number]])
            out = bulk(out, self.values[self.places[number]])
        self.used = out - self.out
        return 0

    def one(self, bytes record not None, Py_ssize_t at, bint is_map):
        """Return the fields of a small hash as a RESP array, or as a map of RESP3.

        Args:
            record: The hash's record.
            at: Where the packed fields begin.
            is_map: Write a map.

        Raises:
            ValueError: If the record is damaged.
        """
        self.used = 0
        self.read(record, at)
        self.show(is_map)
        return PyBytes_FromStringAndSize(self.out, self.used)

    def all(
        self, bytes begin not None, list keys not None, list records not None,
        list places not None,
    ):
        """Return `begin`, and keys and fields by turns as RESP2 has them in a reply.

        Args:
            begin: What comes first.
            keys: Of the hashes.
            records: Of the hashes.
            places: Where in each record the packed fields begin.

        Raises:
            ValueError: If a record is damaged.
        """
        cdef Py_ssize_t number
        cdef Part key
        cdef bytes name
        if not len(keys) == len(records) == len(places):
            raise ValueError("as many keys as records")
        self.used = 0
        self.add(PyBytes_AS_STRING(begin), PyBytes_GET_SIZE(begin))
        for number in range(len(keys)):
            name = keys[number]
            key.data = PyBytes_AS_STRING(name)
            key.size = <uint32_t> PyBytes_GET_SIZE(name)
            self.reserve(key.size + 30)
            self.used = bulk(self.out + self.used, key) - self.out
            self.read(records[number], places[number])
            self.show(False)
        return PyBytes_FromStringAndSize(self.out, self.used)

# cython: boundscheck=False, wraparound=False
"""The frames of the log: one commit as bytes, and back.

Rules

* A frame is one commit: whole if its checksum holds, else it does not exist.
* All numbers are little-endian:

      crc32c u32 | length u32 | sequence u64 | synced u64 | payload, `length` bytes

  The checksum covers everything after itself and starts from the salt of the file, so
  no bytes of another file, and none a client sends, pass for a frame of this one.
* `synced` is the newest sequence that was known to be on the disk when the frame was
  written. A reader that meets a bad frame needs it to tell a torn tail (nothing later
  says the frame was synced) from damage (a later frame says it was).
* A frame without payload is a mark: it repeats the last sequence and only says `synced`.
* The payload is a row of operations, ranges before points:

      operation u8 | key length u32 | value length u32 | key | value

This module opens no file. It is the only one that knows these layouts.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Next
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy
from posix.types cimport off_t

cdef extern from "crc32c.h":
    uint32_t (*crc32c_run)(uint32_t, const unsigned char *, size_t) nogil
    uint32_t crc32c_by_table(uint32_t, const unsigned char *, size_t) nogil
    void crc32c_choose()

crc32c_choose()

cdef extern from "unistd.h" nogil:
    ssize_t pwrite(int, const void *, size_t, off_t)

cdef enum:
    KEPT = 1 << 20  # bytes of memory kept from round to round

HEADER_BYTES = HEADER
PUT, DELETE, RANGE, RANGE_TO_END = 1, 2, 3, 4
MAX_PAYLOAD_BYTES = (1 << 31) - 1


def crc32c(const unsigned char[::1] data, uint32_t value=0):
    """Return the CRC32C of `data`, continuing from `value`. Releases the GIL."""
    cdef size_t size = data.shape[0]
    if size == 0:
        return value
    with nogil:
        value = crc32c_run(value, &data[0], size)
    return value


def crc32c_table(const unsigned char[::1] data, uint32_t value=0):
    """Return the same number without the processor's instruction (for the tests)."""
    if data.shape[0] == 0:
        return value
    return crc32c_by_table(value, &data[0], data.shape[0])


cdef inline void put32(unsigned char *at, uint32_t number) noexcept:
    at[0] = number & 0xFF
    at[1] = (number >> 8) & 0xFF
    at[2] = (number >> 16) & 0xFF
    at[3] = number >> 24


cdef inline uint32_t get32(const unsigned char *at) noexcept nogil:
    return (<uint32_t>at[0] | <uint32_t>at[1] << 8 | <uint32_t>at[2] << 16
            | <uint32_t>at[3] << 24)


cdef inline void put64(unsigned char *at, uint64_t number) noexcept:
    put32(at, <uint32_t>(number & 0xFFFFFFFF))
    put32(at + 4, <uint32_t>(number >> 32))


cdef inline uint64_t get64(const unsigned char *at) noexcept nogil:
    return <uint64_t>get32(at) | <uint64_t>get32(at + 4) << 32


cdef inline unsigned char *put_operation(
    unsigned char *at, uint8_t code, bytes key, bytes value
) noexcept:
    cdef Py_ssize_t key_size = PyBytes_GET_SIZE(key)
    cdef Py_ssize_t value_size = 0 if value is None else PyBytes_GET_SIZE(value)
    at[0] = code
    put32(at + 1, <uint32_t>key_size)
    put32(at + 5, <uint32_t>value_size)
    at += OPERATION
    memcpy(at, PyBytes_AS_STRING(key), key_size)
    at += key_size
    if value_size:
        memcpy(at, PyBytes_AS_STRING(value), value_size)
    return at + value_size


cdef class Tail:
    """The frames of a log that are not yet handed to the kernel, end to end.

    Attributes:
        position: Where in the file they will go.
        room: Up to where the file is allocated.
        synced_sequence: The newest sequence known to be on the disk.
        written_sequence: The newest sequence handed to the kernel.
        pending_sequence: The newest sequence appended.
        salt: Where the checksums of the file start.
    """

    def __cinit__(self):
        self.data = NULL
        self.size = self.capacity = 0
        self._file = -1

    def __init__(self, uint32_t salt):
        self.salt = salt

    def __dealloc__(self):
        free(self.data)

    @property
    def pending_bytes(self):
        """How many bytes wait."""
        return self.size

    def take_in(self, bytes frame not None):
        """Add a frame that `encode` has made."""
        self.reserve(PyBytes_GET_SIZE(frame))
        memcpy(self.data + self.size, PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame))
        self.size += PyBytes_GET_SIZE(frame)

    def pending_frames(self):
        """Return what waits; it goes on waiting until `clear`."""
        return PyBytes_FromStringAndSize(<char *>self.data, self.size)

    def clear(self):
        """Forget what waited: it is written."""
        self.size = 0
        if self.capacity > KEPT:
            free(self.data)
            self.data = NULL
            self.capacity = 0

    cdef bint write_out(self) noexcept:
        """Hand what waits to the kernel in one call; False if that was not all of it."""
        if pwrite(self._file, self.data, self.size, self.position) != self.size:
            return False  # it goes on waiting, and is written to the same place again
        self.position += self.size
        self.written_sequence = self.pending_sequence
        self.size = 0
        if self.capacity > KEPT:
            self.clear()
        return True

    cdef int reserve(self, Py_ssize_t more) except -1:
        """Make room in memory."""
        cdef Py_ssize_t capacity
        cdef void *moved
        if self.size + more > self.capacity:
            capacity = max(2 * self.capacity, self.size + more, 1 << 16)
            moved = realloc(self.data, capacity)
            if moved is NULL:
                raise MemoryError
            self.data = <unsigned char *>moved
            self.capacity = capacity
        return 0

    cdef bint has_room(self, Py_ssize_t payload) noexcept:
        """Whether the file has room for a frame, and for the mark after it."""
        return (self.position + <uint64_t>(self.size + HEADER + payload + HEADER)
                <= self.room)

    cdef int open_frame(self, uint64_t sequence, Py_ssize_t payload) except -1:
        """Begin a frame; exactly `payload` bytes of operations must follow."""
        cdef unsigned char *begin
        self.reserve(HEADER + payload)
        self.opened = self.size
        begin = self.data + self.size
        put32(begin + 4, <uint32_t>payload)
        put64(begin + 8, sequence)
        put64(begin + 16, self.synced_sequence)
        self.size += HEADER
        self.pending_sequence = sequence
        return 0

    cdef void add_operation(self, uint8_t code, bytes key, bytes value) noexcept:
        self.size = put_operation(self.data + self.size, code, key, value) - self.data

    cdef void close_frame(self) noexcept:
        cdef unsigned char *begin = self.data + self.opened
        put32(begin, crc32c_run(self.salt, begin + 4, self.size - self.opened - 4))


def encode(uint32_t salt, uint64_t sequence, uint64_t synced, dict points, list ranges):
    """Return the frame of one commit.

    Args:
        salt: Of the log file.
        sequence: Of this commit.
        synced: The newest sequence known to be on the disk.
        points: Key to value, or to None where the key is deleted.
        ranges: Pairs (start, stop) that are deleted before the points are written;
            stop None is the end of the keyspace.

    Raises:
        OverflowError: If the commit is longer than a frame may be (2 GiB).
    """
    cdef PyObject *key_pointer
    cdef PyObject *value_pointer
    cdef Py_ssize_t place = 0
    cdef uint64_t size = 0
    cdef bytes key, value
    for start, stop in ranges:
        key = start
        value = stop
        size += OPERATION + len(key) + (0 if value is None else len(value))
    while PyDict_Next(points, &place, &key_pointer, &value_pointer):
        key = <object>key_pointer
        value = <object>value_pointer
        size += OPERATION + PyBytes_GET_SIZE(key)
        if value is not None:
            size += PyBytes_GET_SIZE(value)
    if size > <uint64_t>0x7FFFFFFF:
        raise OverflowError("a commit may hold 2 GiB at most")

    frame = PyBytes_FromStringAndSize(NULL, HEADER + <Py_ssize_t>size)
    cdef unsigned char *begin = <unsigned char *>PyBytes_AS_STRING(frame)
    cdef unsigned char *at = begin + HEADER
    put32(begin + 4, <uint32_t>size)
    put64(begin + 8, sequence)
    put64(begin + 16, synced)
    for start, stop in ranges:
        at = put_operation(at, 4 if stop is None else 3, start, stop)
    place = 0
    while PyDict_Next(points, &place, &key_pointer, &value_pointer):
        key = <object>key_pointer
        value = <object>value_pointer
        at = put_operation(at, 2 if value is None else 1, key, value)
    put32(begin, crc32c_run(salt, begin + 4, <size_t>(HEADER - 4 + size)))
    return frame


cdef inline bint holds(
    const unsigned char *data, size_t size, size_t offset, uint32_t salt
) noexcept nogil:
    """Whether a whole frame with a good checksum begins at `offset`."""
    if size < HEADER or offset > size - HEADER:
        return False
    cdef const unsigned char *begin = data + offset
    cdef uint64_t length = get32(begin + 4)
    if length > size - HEADER - offset or get64(begin + 8) == 0:
        return False
    return get32(begin) == crc32c_run(salt, begin + 4, <size_t>(HEADER - 4 + length))


def read_frame(const unsigned char[::1] data, size_t offset, uint32_t salt):
    """Return (sequence, synced, end) of the frame at `offset`, or None if none holds."""
    if data.shape[0] == 0 or not holds(&data[0], data.shape[0], offset, salt):
        return None
    cdef const unsigned char *begin = &data[offset]
    return get64(begin + 8), get64(begin + 16), offset + HEADER + get32(begin + 4)


def find_frame(
    const unsigned char[::1] data, size_t offset, uint32_t salt, uint64_t sequence
):
    """Return the offset of the first good frame after a bad one, or -1.

    Args:
        data: The whole log file.
        offset: Where to begin; every byte from here on may be the beginning.
        salt: Of the log file.
        sequence: Frames older than this do not count. With it a wrong place is nearly
            always refused before its checksum is computed.
    """
    cdef size_t size = data.shape[0]
    cdef const unsigned char *begin
    cdef uint64_t found
    cdef size_t at = offset
    cdef bint good = False
    if size < HEADER:
        return -1
    begin = &data[0]
    with nogil:
        while at <= size - HEADER:
            found = get64(begin + at + 8)
            if sequence <= found < sequence + (<uint64_t>1 << 40):
                if get64(begin + at + 16) <= found and holds(begin, size, at, salt):
                    good = True
                    break
            at += 1
    return at if good else -1


def is_blank(const unsigned char[::1] data, size_t offset):
    """Whether only zeros follow, as in the part of a log not yet written to."""
    cdef size_t at
    for at in range(offset, <size_t>data.shape[0]):
        if data[at]:
            return False
    return True


def decode(const unsigned char[::1] data, size_t offset, size_t end):
    """Return (points, ranges) of the frame that `read_frame` found at `offset`."""
    cdef const unsigned char *at
    cdef const unsigned char *stop
    cdef uint32_t key_size, value_size
    cdef uint8_t code
    cdef bytes key
    cdef dict points = {}
    cdef list ranges = []
    if end - offset == HEADER:
        return points, ranges
    at = &data[offset] + HEADER
    stop = &data[0] + end
    while at + OPERATION <= stop:
        code = at[0]
        key_size = get32(at + 1)
        value_size = get32(at + 5)
        at += OPERATION
        # SAFETY: the checksum held, so lengths are ours; still never read beyond.
        if <size_t>(stop - at) < <size_t>key_size + value_size:
            raise ValueError("an operation is longer than its frame")
        key = at[:key_size]
        at += key_size
        if code == 1:
            points[key] = <bytes>at[:value_size]
        elif code == 2:
            points[key] = None
        elif code == 3:
            ranges.append((key, <bytes>at[:value_size]))
        elif code == 4:
            ranges.append((key, None))
        else:
            raise ValueError(f"unknown operation {code}")
        at += value_size
    return points, ranges

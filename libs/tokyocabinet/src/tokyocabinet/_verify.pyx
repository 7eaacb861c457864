# cython: cdivision=True
"""Walk a database file before the C library trusts it, without the C library.

LIMIT: the C library follows the offsets and sizes that it finds in a file; it asserts
what it could refuse, and reads through a memory map. A damaged or hostile file can so
end the process, or keep it busy for ever. Everything that it would follow is checked
here, in one pass in the order of the file and a second over what refers to what.

SPEC, all numbers in the byte order that the library was built for:

    header      256 bytes, see header.py; a tree's root and ends at 128
    buckets     one offset each, 4 bytes or with LARGE 8, divided by the alignment
    pool        free blocks: pairs of variable-length numbers, up to the first block
    blocks      record  C8 hash left right padding(2) ksiz vsiz key value padding
                free    B0 size(4)

A page of a tree is a record whose key is its number in hexadecimal, behind "#" for an
inner page. A row of a table is a record whose value is a list of columns.

What this cannot see: damage inside keys and values, which have no checksum.
"""

from libc.limits cimport INT_MAX
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, qsort, realloc
from libc.string cimport memcpy, memset

cdef extern from "tcutil.h" nogil:
    char *tcbsdecode(const char *ptr, int size, int *sp)

cdef extern from "sys/mman.h" nogil:
    int PROT_READ, PROT_WRITE, MAP_PRIVATE, MADV_SEQUENTIAL
    void *MAP_FAILED
    void *mmap(void *, size_t, int, int, int, int64_t)
    int munmap(void *, size_t)

cdef enum:
    HEADER = 256
    OPAQUE = 128
    FREE_BLOCK = 0xB0
    RECORD = 0xC8
    LARGE = 1
    PACKED = 2 | 4 | 8          # deflate, bzip2, tcbs
    BZIP2 = 4
    FOREIGN = 16                # packed by functions of the user
    OPENED = 1                  # flag: not closed properly
    HASH = 0
    TREE = 1
    FIXED = 2
    TABLE = 3
    HIGHEST_ALIGNMENT = 16      # powers of 2, the C library's own maxima
    HIGHEST_POOL = 20


cdef struct Image:
    uint8_t *data
    uint64_t size               # bytes that belong to the database
    uint64_t first              # where the blocks begin
    uint64_t buckets
    uint64_t live               # records found
    uint64_t rows               # records the header speaks of
    uint64_t at                 # where the damage is
    uint8_t *starts             # a bit for each place where a record begins
    uint8_t *seen               # a bit for each record something refers to
    Page *pages
    size_t page_count
    size_t page_room
    int width                   # of an offset: 4 or 8
    int power                   # of the alignment
    int kind
    int options
    int flags
    bint big


# Read a number of `width` bytes in the file's order.
cdef inline uint64_t fixed_number(
    Image *image, const uint8_t *at, int width
) noexcept nogil:
    cdef uint64_t value = 0
    cdef int index
    if image.big:
        for index in range(width):
            value = value << 8 | at[index]
    else:
        for index in range(width - 1, -1, -1):
            value = value << 8 | at[index]
    return value


# Read a variable-length number; NULL when it ends behind `end` or has too many bytes.
cdef inline const uint8_t *number_at(
    const uint8_t *at, const uint8_t *end, int longest, uint64_t *value
) noexcept nogil:
    cdef uint64_t base = 0
    cdef int index
    value[0] = 0
    for index in range(longest):
        if at + index >= end:
            return NULL
        if at[index] < 0x80:
            value[0] += <uint64_t>at[index] << base
            return at + index + 1
        value[0] += <uint64_t>(255 - at[index]) << base
        base += 7
    return NULL


cdef inline const uint8_t *size_at(
    const uint8_t *at, const uint8_t *end, uint64_t *value
) noexcept nogil:
    """Read a size; the C library keeps it in an int."""
    at = number_at(at, end, 5, value)
    return at if at != NULL and value[0] <= INT_MAX else NULL


cdef inline bint bit(const uint8_t *bits, uint64_t at) noexcept nogil:
    return bits[at >> 3] >> (at & 7) & 1


cdef inline void set_bit(uint8_t *bits, uint64_t at) noexcept nogil:
    bits[at >> 3] |= 1 << (at & 7)


include "_verify_page.pxi"


cdef const char *check_blocks(Image *image) noexcept nogil:
    """Walk the blocks from the first to the last; returns what is wrong, or NULL."""
    cdef uint64_t off = image.first
    cdef uint64_t ksiz = 0
    cdef uint64_t vsiz = 0
    cdef uint64_t size
    cdef uint64_t mask = (<uint64_t>1 << image.power) - 1
    cdef const uint8_t *at
    cdef const uint8_t *end = image.data + image.size
    cdef const char *wrong
    cdef int head = 4 + 2 * image.width
    while off < image.size:
        image.at = off
        at = image.data + off
        if off & mask:
            return "a block is not aligned"
        if at[0] == FREE_BLOCK:
            if end - at < 5:
                return "a free block is cut off"
            size = fixed_number(image, at + 1, 4)
            if size < 5 or size > INT_MAX or size > image.size - off:
                return "a free block has an impossible size"
            set_bit(image.seen, off >> image.power)     # not in `starts`: a free block
            off += size
            continue
        if at[0] != RECORD:
            return "there is no block where one has to be"
        if end - at < head + 2:
            return "a record is cut off"
        size = fixed_number(image, at + head - 2, 2)
        at = size_at(at + head, end, &ksiz)
        if at == NULL:
            return "a key has an impossible size"
        at = size_at(at, end, &vsiz)
        if at == NULL:
            return "a value has an impossible size"
        size += <uint64_t>(at - image.data) - off + ksiz + vsiz
        if size > INT_MAX or size > image.size - off:
            return "a record reaches behind the file's end"
        set_bit(image.starts, off >> image.power)
        image.live += 1
        if image.kind != HASH or image.options & BZIP2:
            wrong = check_content(image, at, ksiz, vsiz)
            if wrong != NULL:
                return wrong
        off += size
    return NULL


cdef inline bint refer(Image *image, uint64_t quotient) noexcept nogil:
    """Note a reference to a record; False unless it is the first to one that exists."""
    # SAFETY: with one reference to each record at most, no chain has a cycle that can
    # be reached from a bucket.
    if quotient > (image.size - 1) >> image.power:
        return False
    if not bit(image.starts, quotient) or bit(image.seen, quotient):
        return False
    set_bit(image.seen, quotient)
    return True


cdef const char *check_chains(Image *image) noexcept nogil:
    """Check what buckets and records refer to."""
    cdef uint64_t index, quotient, last
    cdef const uint8_t *at
    cdef int side, step
    for index in range(image.buckets):
        image.at = HEADER + index * image.width
        quotient = fixed_number(image, image.data + image.at, image.width)
        if quotient and not refer(image, quotient):
            return "a bucket refers to no record of its own"
    last = (image.size - 1) >> image.power
    index = image.first >> image.power
    while index <= last:
        step = image.starts[index >> 3]
        if step == 0:
            index = (index | 7) + 1
            continue
        if step >> (index & 7) & 1:
            image.at = index << image.power
            at = image.data + image.at + 2
            for side in range(2):
                quotient = fixed_number(image, at + side * image.width, image.width)
                if quotient and not refer(image, quotient):
                    return "a record refers to no record of its own"
        index += 1
    return NULL


cdef const char *check_pool(Image *image) noexcept nogil:
    """Check the list of free blocks, which only a file closed properly has."""
    cdef uint64_t place = HEADER + image.buckets * image.width
    cdef const uint8_t *at = image.data + place
    cdef const uint8_t *end = image.data + image.first
    cdef uint64_t off = 0
    cdef uint64_t step = 0
    cdef uint64_t size = 0
    cdef uint64_t till = image.first        # where the block before ends
    cdef uint64_t room = image.size >> image.power
    while at < end and at[0] != 0:
        image.at = at - image.data
        at = number_at(at, end, 9, &step)
        if at == NULL or step > room or off + (step << image.power) >= image.size:
            return "the list of free blocks is damaged"
        off += step << image.power
        at = number_at(at, end, 5, &size)
        size <<= image.power
        if at == NULL or size == 0 or off < till or size > image.size - off:
            return "the list of free blocks is damaged"
        till = off + size
        # Neighbours are one block in the list and may still be several in the file.
        while off < till:
            if image.data[off] != FREE_BLOCK or not free_at(image, off):
                return "the list of free blocks names what is none"
            off += fixed_number(image, image.data + off + 1, 4)
        if off != till:
            return "the list of free blocks names what is none"
        off = till - size
    return NULL


cdef inline bint free_at(Image *image, uint64_t off) noexcept nogil:
    """Return whether a free block begins at an offset."""
    cdef uint64_t place = off >> image.power
    return (
        off & ((<uint64_t>1 << image.power) - 1) == 0
        and bit(image.seen, place) and not bit(image.starts, place))


cdef const char *check_hash(Image *image) noexcept nogil:
    """Check a hash, tree or table database."""
    cdef const uint8_t *head = image.data
    cdef uint64_t used
    cdef size_t bits
    cdef const char *wrong
    image.power = head[34]
    image.options = head[36]
    image.width = 8 if image.options & LARGE else 4
    image.buckets = fixed_number(image, head + 40, 8)
    image.rows = fixed_number(image, head + 48, 8)
    image.first = fixed_number(image, head + 64, 8)
    image.at = 34
    if image.power > HIGHEST_ALIGNMENT or head[35] > HIGHEST_POOL:
        return "the alignment or the size of the pool is impossible"
    image.at = 40
    used = fixed_number(image, head + 56, 8)
    if (
        used > image.size or image.first > used or image.first < HEADER
        or image.buckets < 1
        or image.buckets > (image.first - HEADER) // <uint64_t>image.width
    ):
        return "the sizes are impossible"
    image.size = used
    bits = (image.size >> image.power >> 3) + 2
    image.starts = <uint8_t *>calloc(bits, 1)
    image.seen = <uint8_t *>calloc(bits, 1)
    if image.starts == NULL or image.seen == NULL:
        return ""
    wrong = check_blocks(image)
    if wrong == NULL:
        wrong = check_chains(image)
    if wrong == NULL and not image.flags & OPENED:
        wrong = check_pool(image)
        image.at = 48
        if wrong == NULL and image.rows != image.live:
            return "the count of records is wrong"
    image.at = 48
    if wrong == NULL and image.rows > image.live + 1:
        return "the count of records is wrong"
    if wrong == NULL and image.kind == TREE:
        wrong = check_tree(image)
    return wrong


cdef const char *check_fixed(Image *image) noexcept nogil:
    """Check a fixed-length database: every size, and the ends."""
    cdef const uint8_t *head = image.data
    cdef uint64_t width = fixed_number(image, head + 64, 8)
    cdef uint64_t limit = fixed_number(image, head + 72, 8)
    cdef uint64_t lowest = fixed_number(image, head + 80, 8)
    cdef uint64_t highest = fixed_number(image, head + 88, 8)
    cdef uint64_t rows = fixed_number(image, head + 48, 8)
    cdef uint64_t size = fixed_number(image, head + 56, 8)
    cdef uint64_t each, room, index, length
    cdef uint64_t found = 0
    cdef int prefix
    cdef const uint8_t *at
    image.at = 64
    if width < 1 or width > INT_MAX:
        return "the width is impossible"
    prefix = 1 if width < 1 << 8 else 2 if width < 1 << 16 else 4
    each = width + prefix
    if size < HEADER or size > image.size or limit < HEADER or limit > <uint64_t>1 << 62:
        return "the sizes are impossible"
    if highest > (size - HEADER) // each or lowest > highest or rows > highest:
        return "the first or the last number is impossible"
    if (lowest == 0) != (highest == 0) or limit < size:
        return "the first or the last number is impossible"
    room = (size - HEADER) // each
    at = image.data + HEADER
    for index in range(room):
        length = fixed_number(image, at, prefix)
        if length > width:
            image.at = at - image.data
            return "a value is longer than the width"
        if length or at[prefix]:
            found += 1
        at += each
    image.at = 48
    if found != rows and not image.flags & OPENED:
        return "the count of records is wrong"
    return NULL


def walk(int descriptor, uint64_t size, bint big, int kind, bytes before=None):
    """Check the file behind a descriptor; return (offset, what is wrong) or None.

    Args:
        descriptor: Open for reading.
        size: The file's size, at least a header.
        big: Whether its numbers begin with the most significant byte.
        kind: What it has to be: 0 hash, 1 tree, 2 fixed-length, 3 table.
        before: The log of an interrupted transaction, which the C library will undo;
            what is checked is the file without it.

    Releases the GIL.
    """
    cdef Image image
    cdef const char *wrong = NULL
    cdef const uint8_t *log = NULL
    cdef size_t log_size = 0
    cdef bint lost
    memset(&image, 0, sizeof(image))
    if before is not None:
        log = <const uint8_t *><const char *>before
        log_size = len(before)
    with nogil:
        image.data = <uint8_t *>mmap(
            NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0)
        lost = image.data == <uint8_t *>MAP_FAILED
        if not lost:
            image.size = size
            image.big = big
            image.kind = image.data[32]
            image.flags = image.data[33]
            if log != NULL:
                wrong = undo(&image, log, log_size)
            if wrong == NULL and image.kind != kind:
                wrong = "it is a database of another kind"
            if wrong != NULL:
                pass
            elif image.kind == FIXED:
                wrong = check_fixed(&image)
            else:
                wrong = check_hash(&image)
            munmap(image.data, size)
            free(image.starts)
            free(image.seen)
            free(image.pages)
    if lost or (wrong != NULL and wrong[0] == 0):
        raise MemoryError
    return None if wrong == NULL else (image.at, wrong.decode())

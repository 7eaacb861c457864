# What the records of trees and tables hold, and the log of a transaction.

cdef extern from * nogil:
    """
    extern char *(*_tc_inflate)(const char *, int, int *, int);
    extern char *(*_tc_bzdecompress)(const char *, int, int *);
    """
    char *(*_tc_inflate)(const char *, int, int *, int)
    char *(*_tc_bzdecompress)(const char *, int, int *)

cdef extern from "bzlib.h" nogil:
    ctypedef struct bz_stream:
        char *next_in
        char *next_out
        unsigned int avail_in
        unsigned int avail_out
    int BZ2_bzDecompressInit(bz_stream *, int, int)
    int BZ2_bzDecompress(bz_stream *)
    int BZ2_bzDecompressEnd(bz_stream *)
    enum:
        BZ_OK, BZ_STREAM_END


cdef bint bzip2_ends(const uint8_t *at, uint64_t size) noexcept nogil:
    """Return whether a stream is sound and has an end.

    LIMIT: the C library goes on for ever where the end is missing.
    """
    cdef bz_stream stream
    cdef char room[4096]
    cdef int state
    memset(&stream, 0, sizeof(stream))
    if BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK:
        return False
    stream.next_in = <char *>at
    stream.avail_in = <unsigned int>size
    while True:
        stream.next_out = room
        stream.avail_out = sizeof(room)
        state = BZ2_bzDecompress(&stream)
        if state != BZ_OK or (stream.avail_in == 0 and stream.avail_out > 0):
            break
    BZ2_bzDecompressEnd(&stream)
    return state == BZ_STREAM_END


cdef enum:
    RAW_DEFLATE = 1
    DEEPEST = 60                # the C library has room for 64 levels
    MOST_MEMBERS = 1 << 26

cdef uint64_t INNER = <uint64_t>1 << 48     # numbers of inner pages begin here


cdef struct Page:
    uint64_t id
    uint64_t next               # of a leaf
    uint64_t depth              # of an inner page: levels below, 0 = not yet known
    const uint8_t *data
    uint64_t size
    bint packed                 # `data` is ours


cdef const char *check_row(const uint8_t *at, const uint8_t *end) noexcept nogil:
    """Check a list of columns: size, name, size, value."""
    cdef uint64_t size = 0
    while at < end:
        at = size_at(at, end, &size)
        if at == NULL or size > <uint64_t>(end - at):
            return "a row's column has an impossible name"
        at = size_at(at + size, end, &size)
        if at == NULL or size > <uint64_t>(end - at):
            return "a row's column has an impossible size"
        at += size
    return NULL


cdef const char *check_leaf(
    Page *page, const uint8_t *at, const uint8_t *end
) noexcept nogil:
    """Check a leaf: the leaves before and behind it, then records."""
    cdef uint64_t before = 0
    cdef uint64_t ksiz = 0
    cdef uint64_t vsiz = 0
    cdef uint64_t more = 0
    at = number_at(at, end, 9, &before)
    if at != NULL:
        at = number_at(at, end, 9, &page.next)
    if at == NULL or before >= INNER or page.next >= INNER:
        return "a leaf page has impossible neighbours"
    while at < end:
        at = size_at(at, end, &ksiz)
        if at != NULL:
            at = size_at(at, end, &vsiz)
        if at != NULL:
            at = size_at(at, end, &more)
        if at == NULL or ksiz > <uint64_t>(end - at):
            return "a leaf page holds an impossible key"
        at += ksiz
        while True:
            if vsiz > <uint64_t>(end - at):
                return "a leaf page holds an impossible value"
            at += vsiz
            if more == 0:
                break
            more -= 1
            at = size_at(at, end, &vsiz)
            if at == NULL:
                return "a leaf page holds an impossible value"
    return NULL


cdef const char *check_inner(
    const uint8_t *at, const uint8_t *end
) noexcept nogil:
    """Check an inner page: a page, then pairs of a page and a key."""
    cdef uint64_t child = 0
    cdef uint64_t size = 0
    at = number_at(at, end, 9, &child)
    if at == NULL or child == 0:
        return "an inner page refers to no page"
    while at < end:
        at = number_at(at, end, 9, &child)
        if at == NULL or child == 0:
            return "an inner page refers to no page"
        at = size_at(at, end, &size)
        if at == NULL or size > <uint64_t>(end - at):
            return "an inner page holds an impossible key"
        at += size
    return NULL


cdef uint64_t page_number(const uint8_t *key, uint64_t size) noexcept nogil:
    """Return the page that a record's key stands for, 0 when it stands for none."""
    cdef uint64_t value = 0
    cdef uint64_t index
    cdef uint64_t first = 1 if size and key[0] == 35 else 0
    if size - first < 1 or size - first > 12:
        return 0
    for index in range(first, size):
        if 48 <= key[index] <= 57:
            value = value << 4 | <uint64_t>(key[index] - 48)
        elif 97 <= key[index] <= 102:
            value = value << 4 | <uint64_t>(key[index] - 87)
        else:
            return 0
    return value + INNER if first else value


cdef const char *check_content(
    Image *image, const uint8_t *key, uint64_t ksiz, uint64_t vsiz
) noexcept nogil:
    """Check the value of a record that is packed, a row or a page."""
    cdef const uint8_t *at = key + ksiz
    cdef char *opened = NULL
    cdef int size = 0
    cdef const char *wrong = NULL
    cdef Page *page
    cdef uint64_t id = 0
    if image.options & FOREIGN:
        return NULL             # only the user's functions can tell
    if image.kind == TABLE and ksiz == 0:
        return "a row has an empty key"
    if image.kind == TREE:
        id = page_number(key, ksiz)
        if id == 0:
            return NULL         # nothing asks for this record
    if image.options & BZIP2 and not bzip2_ends(at, vsiz):
        return "a packed value cannot be unpacked"
    if image.kind == HASH:
        return NULL
    if image.options & PACKED:
        if image.options & 2:
            opened = _tc_inflate(<const char *>at, <int>vsiz, &size, RAW_DEFLATE)
        elif image.options & BZIP2:
            opened = _tc_bzdecompress(<const char *>at, <int>vsiz, &size)
        else:
            opened = tcbsdecode(<const char *>at, <int>vsiz, &size)
        if opened == NULL:
            return "a packed value cannot be unpacked"
        at = <const uint8_t *>opened
        vsiz = <uint64_t>size
    if image.kind == TABLE:
        wrong = check_row(at, at + vsiz)
        free(opened)
        return wrong
    if image.page_count == image.page_room:
        image.page_room = image.page_room * 2 + 64
        page = <Page *>realloc(image.pages, image.page_room * sizeof(Page))
        if page == NULL:
            free(opened)
            return ""
        image.pages = page
    page = &image.pages[image.page_count]
    image.page_count += 1
    memset(page, 0, sizeof(Page))
    page.id = id
    if id < INNER:
        wrong = check_leaf(page, at, at + vsiz)
        free(opened)
        return wrong
    wrong = check_inner(at, at + vsiz)
    page.data = at
    page.size = vsiz
    page.packed = opened != NULL
    return wrong


cdef int by_number(const void *one, const void *two) noexcept nogil:
    cdef uint64_t left = (<const Page *>one).id
    cdef uint64_t right = (<const Page *>two).id
    return (left > right) - (left < right)


cdef Page *page_of(Image *image, uint64_t id) noexcept nogil:
    cdef size_t low = 0
    cdef size_t high = image.page_count
    cdef size_t middle
    while low < high:
        middle = (low + high) // 2
        if image.pages[middle].id < id:
            low = middle + 1
        else:
            high = middle
    if low < image.page_count and image.pages[low].id == id:
        return &image.pages[low]
    return NULL


cdef bint descend(Image *image, uint64_t id, int depth) noexcept nogil:
    """Follow an inner page's children; False when too deep or met for a second time."""
    cdef Page *page = page_of(image, id)
    cdef const uint8_t *at
    cdef const uint8_t *end
    cdef uint64_t child = 0
    cdef uint64_t size = 0
    if page == NULL:
        return True             # the C library reports that itself
    if depth > DEEPEST or page.depth:
        return False
    page.depth = 1
    at = page.data
    end = at + page.size
    at = number_at(at, end, 9, &child)
    while at != NULL:
        if child > INNER and not descend(image, child, depth + 1):
            return False
        if child == INNER:
            return False
        if at >= end:
            break
        at = number_at(at, end, 9, &child)
        if at != NULL:
            at = size_at(at, end, &size)
            if at != NULL:
                at += size
    return True


cdef const char *check_tree(Image *image) noexcept nogil:
    """Check the order of pages: no cycles, no numbers that the C library asserts."""
    cdef const uint8_t *meta = image.data + OPAQUE
    cdef uint64_t root = fixed_number(image, meta + 16, 8)
    cdef uint64_t first = fixed_number(image, meta + 24, 8)
    cdef uint64_t last = fixed_number(image, meta + 32, 8)
    cdef uint64_t leaves = fixed_number(image, meta + 40, 8)
    cdef uint64_t inner = fixed_number(image, meta + 48, 8)
    cdef uint64_t left = image.page_count + 1
    cdef size_t index
    cdef Page *page
    cdef bint sound
    image.at = OPAQUE
    if (
        fixed_number(image, meta + 8, 4) > MOST_MEMBERS
        or fixed_number(image, meta + 12, 4) > MOST_MEMBERS
        or root == 0 or root == INNER or first == 0 or first >= INNER
        or last == 0 or last >= INNER or leaves >= INNER or inner >= INNER
    ):
        return "the tree's root or ends are impossible"
    if image.options & FOREIGN:
        return NULL
    qsort(image.pages, image.page_count, sizeof(Page), by_number)
    sound = root < INNER or descend(image, root, 0)
    for index in range(image.page_count):
        if image.pages[index].packed:
            free(<void *>image.pages[index].data)
    if not sound:
        return "the tree's inner pages go round in a circle"
    page = page_of(image, first)
    while page != NULL and page.next:
        left -= 1
        if left == 0:
            return "the tree's leaf pages go round in a circle"
        page = page_of(image, page.next)
    return NULL


cdef const char *undo(Image *image, const uint8_t *log, size_t size) noexcept nogil:
    """Do in memory what the C library will do: put back what a transaction changed.

    SPEC: the file's size, then for each change its offset (8), size (4) and what was
    there before; put back from the last to the first.
    """
    cdef uint64_t whole, off, length
    cdef size_t at = 8
    cdef size_t count = 0
    cdef size_t index
    cdef size_t *places = NULL
    cdef size_t *more
    cdef size_t room = 0
    if size < 8 + HEADER:
        return NULL             # so short it is left alone
    whole = fixed_number(image, log, 8)
    image.at = 0
    if whole < HEADER or whole > image.size:
        return "the log of a transaction is damaged"
    while at < size:
        off = fixed_number(image, log + at, 8) if size - at >= 12 else 0
        length = fixed_number(image, log + at + 8, 4) if size - at >= 12 else size
        # LIMIT: a log that was cut off, too. The C library would undo a part and then
        # go by the header as it was before.
        if length > size - at - 12 or off > image.size or length > image.size - off:
            free(places)
            return "the log of a transaction is damaged"
        if count == room:
            room = room * 2 + 64
            more = <size_t *>realloc(places, room * sizeof(size_t))
            if more == NULL:
                free(places)
                return ""
            places = more
        places[count] = at
        count += 1
        at += 12 + length
    for index in range(count):
        at = places[count - 1 - index]
        off = fixed_number(image, log + at, 8)
        length = fixed_number(image, log + at + 8, 4)
        memcpy(image.data + off, log + at + 12, length)
    free(places)
    image.size = whole
    image.kind = image.data[32]
    return NULL

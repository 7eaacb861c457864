# Included by _fixed.pyx: where a record of the array lies, and how it is read.

cdef int64_t number(object key) except? 0:
    """Return the record number that a key stands for.

    Numbers beyond 64 bits all become the highest, which no file has room for.
    """
    cdef int64_t result
    cdef int beyond = 0
    if isinstance(key, str):
        try:
            return NAMES[key]
        except KeyError:
            raise ValueError(f"key must be a number, min, prev, max or next: {key!r}")
    result = PyLong_AsLongLongAndOverflow(PyNumber_Index(key), &beyond)
    return INT64_MAX if beyond else result


cdef int64_t resolved(TCFDB *db, int64_t id) noexcept nogil:
    """Return a record number for reading, 0 when none can be there.

    WHY: told to read a number out of range, the C library's tcfdbget4 and tcfdbvsiz
    return 0, which is also the size of an empty value.
    """
    if id == FDBIDMIN:
        id = <int64_t>tcfdbmin(db)
    elif id == FDBIDMAX:
        id = <int64_t>tcfdbmax(db)
    return id if 1 <= id and <uint64_t>id <= tcfdblimid(db) else 0


cdef extern from "fixed_room.h" nogil:
    ctypedef struct FixedRoom:
        pass
    int FIXED_NO_NUMBER, FIXED_WOULD_CUT
    void fixed_room_forget(FixedRoom *room)
    int fixed_room(TCFDB *fdb, FixedRoom *room, int64_t id)
    int fixed_optimize(TCFDB *fdb, int32_t width, int64_t limsiz)


cdef inline const unsigned char *fixed_value(
    TCFDB *db, uint64_t id, int *size
) noexcept nogil:
    """Return a value where it lies, NULL when there is none; for widths below 256."""
    cdef const unsigned char *at
    # SAFETY: another thread may have closed the file while this one waited for the lock.
    if db.fd < 0 or id < 1 or id > db.max or id * db.rsiz + 256 > db.fsiz:
        return NULL
    at = db.array + (id - 1) * db.rsiz
    # SPEC: an empty value has a 1 where its first byte would be.
    if at[0] == 0 and at[1] == 0:
        return NULL
    # LIMIT: what another process damages later must not make us read behind the record.
    size[0] = at[0] if at[0] <= db.width else <int>db.width
    return at + 1


cdef bint fixed_peek(
    TCFDB *db, Residency *pages, int64_t id, const unsigned char **at, int *size
) noexcept nogil:
    """Find a value where that needs no disk; False when it might. NULL = no record."""
    cdef uint64_t mapped = db.limsiz if db.omode & FDBOWRITER else db.fsiz
    if db.wsiz != 1 or not residency_begin(pages, db.map, mapped):
        return False
    id = resolved(db, id)
    at[0] = NULL
    if id == 0 or <uint64_t>id > db.max:
        return True
    if not residency_has(
        pages, <uint64_t>(<const char *>db.array - db.map) + (id - 1) * db.rsiz,
        db.rsiz + 1,
    ):
        return False
    at[0] = fixed_value(db, id, size)
    return True


cdef int fixed_fetch(TCFDB *db, int64_t id, Arena *arena, int *code) noexcept nogil:
    """Append a value to the arena and return its size; -1 and a code on failure."""
    cdef int size = 0
    cdef const unsigned char *found
    cdef size_t width = db.width
    cdef char *at = arena_space(arena, width + 1)
    if at == NULL:
        code[0] = TCEMISC
        return -1
    id = resolved(db, id)
    if id == 0:
        code[0] = TCENOREC
        return -1
    if db.wsiz == 1 and db.fd >= 0:
        found = fixed_value(db, id, &size)
        if found == NULL:
            code[0] = TCENOREC
            return -1
        memcpy(at, found, size)
        arena.used += size
        return size
    size = tcfdbget4(db, id, at, <int>width + 1)
    if size < 0:
        code[0] = tcfdbecode(db)
    elif size > 0:
        arena.used += size
    return size


cdef struct Tail:
    const char *data
    int size
    int width
    bint cut


cdef void *append(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil:
    """Append a tail to a value unless that is longer than the width."""
    cdef Tail *tail = <Tail *>op
    cdef char *result
    if <int64_t>vsiz + tail.size > tail.width:
        tail.cut = True
        return NULL
    result = <char *>malloc(vsiz + tail.size + 1)
    if result != NULL:
        memcpy(result, vbuf, vsiz)
        memcpy(result + vsiz, tail.data, tail.size)
        sp[0] = vsiz + tail.size
    return result

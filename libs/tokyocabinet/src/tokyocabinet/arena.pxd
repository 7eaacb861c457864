"""Growing memory that C code fills without the GIL, and records in it."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy


# A growing piece of memory that C code fills without the GIL. `owned` tells whether
# `data` came from malloc; a caller may begin with a buffer on its stack.
cdef struct Arena:
    char *data
    size_t used
    size_t room
    bint owned


cdef inline char *arena_space(Arena *arena, size_t size) noexcept nogil:
    """Return `size` free bytes at the arena's end, or NULL when memory is out."""
    cdef size_t room
    cdef char *data
    if arena.data == NULL or arena.room - arena.used < size:
        room = arena.room * 2 + size + 64
        if arena.owned:
            data = <char *>realloc(arena.data, room)
        else:
            data = <char *>malloc(room)
            if data != NULL and arena.used:
                memcpy(data, arena.data, arena.used)
        if data == NULL:
            return NULL
        arena.data = data
        arena.room = room
        arena.owned = True
    return arena.data + arena.used


cdef inline void arena_free(Arena *arena) noexcept nogil:
    if arena.owned:
        free(arena.data)
    arena.data = NULL
    arena.used = arena.room = 0
    arena.owned = False


# A record in an arena: two sizes, then the key's bytes and the value's bytes.
cdef inline int arena_record(
    Arena *arena, const void *kbuf, int ksiz, const void *vbuf, int vsiz
) noexcept nogil:
    """Append a record; -1 when memory is out."""
    cdef char *at = arena_space(arena, 8 + <size_t>ksiz + <size_t>vsiz)
    cdef uint32_t sizes[2]
    if at == NULL:
        return -1
    sizes[0] = <uint32_t>ksiz
    sizes[1] = <uint32_t>vsiz
    memcpy(at, sizes, 8)
    memcpy(at + 8, kbuf, ksiz)
    memcpy(at + 8 + ksiz, vbuf, vsiz)
    arena.used += 8 + <size_t>ksiz + <size_t>vsiz
    return 0

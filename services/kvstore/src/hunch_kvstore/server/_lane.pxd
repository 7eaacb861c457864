# Who is served, and the fast lane, for the compiled rounds.

from libc.stdint cimport int64_t

from hunch_kvstore.engine._front cimport Front

cdef enum:
    HOT = 11


cdef struct Word:
    const char *at
    Py_ssize_t size


cdef class Peer:
    cdef public object parser
    cdef public object queue
    cdef public object blocked
    cdef public object quiet
    cdef public object socket
    cdef public dict channels
    cdef public dict patterns
    cdef public list out
    cdef public list unacknowledged
    cdef public str last_command
    cdef public int resp
    cdef public bint authenticated
    cdef public bint closing
    cdef public bint killed
    cdef public bint is_midway
    cdef public double last_seen_s
    cdef bint is_plain(self) noexcept


cdef class Lane:
    cdef public bint enabled
    cdef public bint dirty
    cdef public bint is_usual
    cdef public int64_t slow_us
    cdef object core
    cdef object keys
    cdef object catalog
    cdef object census
    cdef dict watchers
    cdef Front front
    cdef list rows
    cdef list names
    cdef list durations
    cdef set ready
    cdef int64_t calls[HOT]
    cdef int64_t spent_ns[HOT]
    cdef int64_t born
    cdef int64_t hits
    cdef int64_t misses
    cdef int64_t now_ms
    cdef char *scratch
    cdef Py_ssize_t scratch_size
    cdef Py_ssize_t serve(self, Peer client, const char *data, Py_ssize_t size) except -1
    cdef int run(self, Peer client, Word *words, int count) except -2
    cdef int grow(self, Py_ssize_t size) except -1
    cdef int64_t clock(self) noexcept
    cdef bytes look(self, const Word *key)
    cdef int body_of(self, bytes record) noexcept
    cdef int answer(self, Peer client, bytes reply) except -1
    cdef int acknowledge(self, Peer client, bytes reply) except -1
    cdef int count_key(self, Word *key) except -1
    cdef int get(self, Peer client, Word *words, int count) except -2
    cdef int set(self, Peer client, Word *words, int count) except -2
    cdef int mget(self, Peer client, Word *words, int count) except -2
    cdef int incr(self, Peer client, Word *words, int count) except -2
    cdef int hset(self, Peer client, Word *words, int count) except -2
    cdef int hget(self, Peer client, Word *words, int count) except -2
    cdef int hgetall(self, Peer client, Word *words, int count) except -2

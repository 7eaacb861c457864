# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The part of the loop that runs for every read and every reply, compiled.

`Loop` is a `Rounds` with all that happens seldom: accepting, closing, limits, metrics,
time. Here is one round: wait, read what is ready, let the lane and the plain way run it,
flush, send. System calls are made without Python's objects in between; only the wait
releases the GIL, since reads and writes never block. How it waits is for `Patience` to
say.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from hunch_kvstore.engine._front cimport Front
from hunch_kvstore.server._lane cimport Lane, Peer
from hunch_kvstore.server._patience cimport Patience

cdef extern from "sys/epoll.h" nogil:
    ctypedef union epoll_data:
        int fd
        uint64_t u64
    struct epoll_event:
        uint32_t events
        epoll_data data
    int epoll_wait(int, epoll_event *, int, int)
    uint32_t EPOLLIN

cdef extern from "sys/socket.h" nogil:
    ssize_t recv(int, void *, size_t, int)
    ssize_t send(int, const void *, size_t, int)
    int MSG_NOSIGNAL

cdef extern from "sys/resource.h" nogil:
    struct rusage:
        long ru_nivcsw
    int getrusage(int, rusage *)
    int RUSAGE_THREAD

cdef extern from "time.h" nogil:
    ctypedef long time_t
    struct timespec:
        time_t tv_sec
        long tv_nsec
    int clock_gettime(int, timespec *)
    int CLOCK_MONOTONIC

cdef enum:
    EVENTS = 512
    READ_BYTES = 131072


cdef inline int64_t monotonic_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1000000000 + now.tv_nsec


cdef class Wire:
    """The socket under a connection, and what it has not taken yet."""

    cdef public int number
    cdef public Peer client
    cdef public object unsent
    cdef public bint wants_write

    def __init__(self, int number, Peer client not None):
        self.number = number
        self.client = client
        self.unsent = b""
        self.wants_write = False


cdef class Rounds:
    """Reads, runs and answers; `Loop` has the hooks `_take`, `_close`, `_write` …

    Attributes:
        read_bytes: Read from clients and not yet counted.
        sent_bytes: Sent to clients and not yet counted.
        reads, sends: How often that was, not yet counted.
    """

    cdef public int64_t read_bytes
    cdef public int64_t sent_bytes
    cdef public int64_t reads
    cdef public int64_t sends
    cdef object core
    cdef Lane lane
    cdef Front front
    cdef Patience patience
    cdef set ready          # of the core
    cdef int poll
    cdef list wires         # by the number of the socket
    cdef epoll_event events[EVENTS]
    cdef char *buffer
    cdef double now_s

    def __cinit__(self):
        self.buffer = <char *>malloc(READ_BYTES)
        if self.buffer is NULL:
            raise MemoryError
        self.wires = []

    def __dealloc__(self):
        free(self.buffer)

    def _begin(self, core, int poll, Patience patience not None):
        """Say what is served, what is waited on and how."""
        self.core = core
        self.lane = core.lane
        self.front = core.engine
        self.ready = core.ready
        self.poll = poll
        self.patience = patience

    def _add(self, Wire wire not None):
        """Serve a connection."""
        cdef Py_ssize_t more = wire.number + 1 - len(self.wires)
        if more > 0:
            self.wires.extend([None] * more)
        self.wires[wire.number] = wire

    def _remove(self, Wire wire not None):
        """Serve it no more."""
        if wire.number >= 0:
            self.wires[wire.number] = None
            wire.number = -1

    def _round(self, double wait_s):
        """Wait for what is ready, for so long at most and not less than 0, and run it."""
        cdef int count, index, number
        cdef int wait_ms = <int>(wait_s * 1000) + 1
        cdef object found
        with nogil:
            count = self.wait(wait_ms)
            self.now_s = <double>monotonic_ns() * 1e-9
        for index in range(count):
            number = self.events[index].data.fd
            found = None
            if number < PyList_GET_SIZE(self.wires):
                found = <object>PyList_GET_ITEM(self.wires, number)
            if found is None:
                self._other(number)
            elif self.events[index].events == EPOLLIN:
                self.read(<Wire>found)
            else:
                self._several(found, self.events[index].events)
        if count > 0 and self.ready:
            self._finish_round()

    cdef int wait(self, int wait_ms) noexcept nogil:
        """Return how many sockets are ready: at once, soon, or after sleep."""
        cdef rusage used
        cdef int64_t until
        cdef int count
        if self.patience.is_due() and getrusage(RUSAGE_THREAD, &used) == 0:
            self.patience.judge(used.ru_nivcsw)
        count = epoll_wait(self.poll, self.events, EVENTS, 0)
        if count == 0 and self.patience.is_worthwhile():
            until = monotonic_ns() + self.patience.most_ns
            while count == 0 and monotonic_ns() < until:
                count = epoll_wait(self.poll, self.events, EVENTS, 0)
            if count == 0:
                self.patience.missed()
        if count == 0:
            return epoll_wait(self.poll, self.events, EVENTS, wait_ms)
        self.patience.found()
        return count

    def _finish_round(self):
        """Flush the engine once, then send what the round has answered."""
        if self.core.blocked:
            self.core.serve_blocked()
        if not self.front.flush_lightly():
            self.core.flush()
        cdef list ready = list(self.ready)
        self.ready.clear()
        self.send_all(ready)

    def _read(self, Wire wire not None):
        """Read from a socket that has something, and run it."""
        self.read(wire)

    cdef int read(self, Wire wire) except -1:
        cdef Peer client = wire.client
        cdef Py_ssize_t used
        cdef ssize_t size = recv(wire.number, self.buffer, READ_BYTES, 0)
        self.reads += 1
        if size < 0 and (errno == EAGAIN or errno == EINTR):
            return 0
        if size <= 0:
            self._close(wire)
            return 0
        if client.closing:
            return 0
        self.read_bytes += size
        client.last_seen_s = self.now_s
        used = self.lane.serve(client, self.buffer, size)
        if client.killed:
            self._close(wire)
        elif used < size and not client.closing:
            self._take(wire, PyBytes_FromStringAndSize(self.buffer + used, size - used))
        return 0

    cdef int send_all(self, list clients) except -1:
        """Send what the clients of a round were answered; it is as durable as it gets."""
        cdef Peer client
        cdef Wire wire
        cdef bytes data
        cdef ssize_t sent
        for client in clients:
            if PyList_GET_SIZE(client.unacknowledged):
                client.unacknowledged = []
            wire = <Wire?>client.socket
            if (
                client.killed or client.closing or wire.wants_write
                or wire.unsent or not client.out
            ):
                self._send(wire)
                continue
            if PyList_GET_SIZE(client.out) == 1:
                data = <bytes>PyList_GET_ITEM(client.out, 0)
                client.out = []
            else:
                data = b"".join(client.out)
                client.out = []
            sent = send(
                wire.number, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data),
                MSG_NOSIGNAL)
            self.sends += 1
            if sent == PyBytes_GET_SIZE(data):
                self.sent_bytes += sent
                continue
            if sent < 0:
                sent = 0  # whatever it was, `_write` meets it again
            self.sent_bytes += sent
            wire.unsent = memoryview(data)[sent:]
            self._write(wire)
        return 0

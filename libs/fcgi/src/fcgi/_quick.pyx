"""The common request in the fewest steps, compiled: the twin of `quick.py`.

Like the twin it remembers: the parameters of the next request are mostly the same bytes
as those of the last, so its environ is a copy of the last one's with the changed values
put in. That copy is taken before an application sees it, holds strings only, and is
given up whenever a name, their order, or one of the parameters that decide over other
keys differs. An environ that its application left as it was needs no copy.
"""

cimport cython
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.dict cimport PyDict_Copy, PyDict_SetItem
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_CheckExact
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.tuple cimport PyTuple_CheckExact
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.errno cimport EAGAIN, ECONNABORTED, EINTR, errno
from libc.stdint cimport uint64_t
from libc.string cimport memchr, memcmp, memcpy, memset, strerror
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec
from posix.unistd cimport close

from io import BytesIO

from fcgi import _pure, codec, response as responses, transport, wsgi
from fcgi import environ as environs
from fcgi.errors import AbortedError, RefusedError, RemoteProtocolError, StreamError
from fcgi.worker import ACCEPT_TIMEOUT_S as _ACCEPT_TIMEOUT_S, Phase

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <poll.h>
    #include <sys/socket.h>
    #include <sys/uio.h>
    #ifndef SOCK_CLOEXEC
    #define SOCK_CLOEXEC 0
    #define accept4(fd, address, size, flags) accept(fd, address, size)
    #endif
    #ifndef MSG_NOSIGNAL
    #define MSG_NOSIGNAL 0
    #endif
    """
    int SOCK_CLOEXEC
    int MSG_NOSIGNAL
    int MSG_DONTWAIT
    ctypedef int socklen_t
    struct sockaddr:
        pass
    struct iovec:
        void *iov_base
        size_t iov_len
    struct msghdr:
        iovec *msg_iov
        size_t msg_iovlen
    struct pollfd:
        int fd
        short events
    int POLLIN
    int poll(pollfd *, unsigned long, int) nogil
    int accept4(int, sockaddr *, socklen_t *, int) nogil
    ssize_t recv(int, void *, size_t, int) nogil
    ssize_t send(int, const void *, size_t, int) nogil
    ssize_t sendmsg(int, const msghdr *, int) nogil

cdef extern from "Python.h":
    object PyMethod_New(object function, object instance)
    int PyUnicode_Check(object)
    int PyUnicode_KIND(object)
    void *PyUnicode_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    int PyUnicode_IS_ASCII(object)

cdef enum:
    RECEIVE = 65536
    CHUNK = 0xFFF8
    BEGIN = 24
    HEADER_LIMIT = 32768
    # PERF: see response.SMALL.
    SMALL = 8168
    MOST_PARAMS = 128
    MOST_CHUNKS = 16
    MOST_UNLIKE = 16

cdef double ACCEPT_TIMEOUT_S = _ACCEPT_TIMEOUT_S
cdef object SERVE = Phase.SERVE
cdef object RETIRE = Phase.RETIRE

# A change of one of these changes other keys of the environ, or who may see it.
cdef frozenset SPECIAL = frozenset(
    (b"HTTPS", b"REQUEST_SCHEME", b"CONTENT_LENGTH", b"REQUEST_METHOD",
     b"HTTP_CONTENT_LENGTH", b"HTTP_CONTENT_TYPE", b"CONTENT_TYPE")
)

cdef inline void put_header(
    unsigned char *at, int kind, int request_id, Py_ssize_t size
) noexcept nogil:
    at[0] = 1
    at[1] = <unsigned char>kind
    at[2] = <unsigned char>(request_id >> 8)
    at[3] = <unsigned char>request_id
    at[4] = <unsigned char>(size >> 8)
    at[5] = <unsigned char>size
    at[6] = at[7] = 0


cdef inline bint is_record(
    const unsigned char *at, int kind, const unsigned char *request_id
) noexcept nogil:
    """Whether the header at `at` is of an empty record without padding."""
    return (
        at[0] == 1 and at[1] == kind
        and at[2] == request_id[0] and at[3] == request_id[1]
        and at[4] == 0 and at[5] == 0 and at[6] == 0
    )


cdef inline void put_end(unsigned char *at, int request_id) noexcept nogil:
    """Write an END_REQUEST record: all went well."""
    put_header(at, 3, request_id, 8)
    memset(at + 8, 0, 8)


include "_quick_lent.pxi"
include "_quick_last.pxi"
include "_quick_response.pxi"


cdef class Quick:
    """The twin of `quick.Quick`.

    Args:
        worker: Whose application and settings to use.
    """

    cdef unsigned char *buffer
    cdef unsigned char *out
    cdef object worker, app, mount
    cdef dict base
    cdef Last last
    cdef uint64_t[::1] words
    cdef Py_ssize_t at
    cdef uint64_t most
    cdef bint timed
    cdef int patience_ms
    cdef double keep_s
    cdef bint kept
    cdef int fd
    cdef int request_id
    cdef object errors
    cdef list pending
    # The response under way, or the last one, and what the application has of it.
    cdef Response response
    cdef object start, write
    # The header that is in `out` from the response before, and what it was made of.
    cdef object block_status
    cdef tuple block_fields
    cdef Py_ssize_t block_size, block_length
    cdef bint block_empty

    def __cinit__(self):
        self.buffer = <unsigned char *>PyMem_Malloc(RECEIVE)
        # Room for a header, or a small response, with the records around it.
        self.out = <unsigned char *>PyMem_Malloc(HEADER_LIMIT + SMALL + 256)
        if self.buffer is NULL or self.out is NULL:
            raise MemoryError
        self.fd = -1

    def __dealloc__(self):
        PyMem_Free(self.buffer)
        PyMem_Free(self.out)

    def __init__(self, worker):
        self.worker = worker
        self.app = worker.app
        self.mount = worker.settings.mount
        self.base = worker.base(multithread=False)
        # One request at a time, so these can be the same objects for all of them.
        self.errors = responses.ErrorStream(1, self.send)
        self.pending = self.errors.pending
        self.base["wsgi.errors"] = self.errors
        self.base["fcgi.is_aborted"] = self.is_aborted
        self.request_id = 1
        self.last = Last()
        self.words = worker.slot.words
        self.at = worker.slot.at
        self.patience_ms = min(<long>(worker.settings.read_timeout_s * 1000), 1 << 30)
        self.keep_s = worker.settings.keep_timeout_s
        self.timed = worker.settings.request_timeout_s > 0
        self.most = worker.left if worker.left > 0 else 0

    def send(self, pieces):
        """Write records of the current request."""
        if self.fd < 0:
            raise AbortedError("the request is over")
        transport.send(self.fd, pieces)

    def is_aborted(self):
        """Return whether the web server has given up on the current request."""
        return self.fd < 0 or transport.is_given_up(self.fd)

    cdef bint has_block(self, status, headers) except -1:
        """Return whether `out` has just this header, as the very same objects."""
        cdef tuple fields = self.block_fields
        cdef Py_ssize_t k
        if (
            fields is None
            or status is not self.block_status
            or not PyList_CheckExact(headers)
            or len(<list>headers) != len(fields)
        ):
            return False
        for k in range(len(fields)):
            if (<list>headers)[k] is not fields[k]:
                return False
        return True

    cdef int keep_block(self, status, headers, Response response) except -1:
        """Remember what the header in `out` was made of, if that cannot change."""
        # PERF: applications write their usual headers as constants (2026-11).
        if not PyList_CheckExact(headers):
            return 0
        for item in <list>headers:
            if not PyTuple_CheckExact(item):
                return 0
        self.block_status = status
        self.block_fields = tuple(<list>headers)
        self.block_size = response.size
        self.block_length = response.length
        self.block_empty = response.empty
        return 0

    def loop(self, listener):
        """Accept and serve quick requests for as long as they are quick."""
        cdef int listening = listener.fileno()
        cdef int fd, code
        while True:
            with nogil:
                fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)
                code = errno
            if fd < 0:
                PyErr_CheckSignals()
                if code == EAGAIN:
                    return -1, b""
                if code == EINTR:
                    return None
                if code == ECONNABORTED:
                    continue
                raise OSError(code, strerror(code).decode("utf-8", "replace"))
            try:
                data = self.one(fd)
            except BaseException:
                close(fd)
                raise
            if data is not None:
                return fd, data
            close(fd)
            # A handler that is due would else wait for the application to run Python.
            PyErr_CheckSignals()
            if self.worker.phase is not SERVE:
                return None

    def serve(self, int fd):
        """Serve one connection; return what was read if it is not for us."""
        return self.one(fd)

    def serve_kept(self, int fd):
        """Serve what else comes on a kept connection; the rest is as in `serve`."""
        cdef ssize_t got
        cdef int code
        cdef double wait_s = min(ACCEPT_TIMEOUT_S, self.keep_s)
        cdef double waited_s
        # PERF: a read that gives up by itself saves a poll before each (2026-11).
        transport.limit_waits(fd, wait_s)
        while True:
            waited_s = 0
            with nogil:
                got = recv(fd, self.buffer, RECEIVE, 0)
                code = errno
            while got < 0:
                PyErr_CheckSignals()
                if code != EAGAIN and code != EINTR:
                    wsgi.log.info(
                        "connection lost: %s", strerror(code).decode("utf-8", "replace")
                    )
                    return None
                if code == EAGAIN:
                    waited_s += wait_s
                if waited_s >= self.keep_s or not self.worker.may_keep():
                    return None
                with nogil:
                    got = recv(fd, self.buffer, RECEIVE, 0)
                    code = errno
            if got == 0:
                return None
            left = self.answer(fd, got)
            PyErr_CheckSignals()
            if not self.kept:
                return left

    cdef object one(self, int fd):
        cdef ssize_t got
        cdef int code, ready
        cdef pollfd waited
        # PERF: lighttpd writes the request before a worker wakes up, so the GIL need
        # not change hands (2026-11).
        got = recv(fd, self.buffer, RECEIVE, MSG_DONTWAIT)
        code = errno
        while got < 0:
            if code == EAGAIN:
                # LIMIT: a peer that connects and stays silent.
                waited.fd, waited.events = fd, POLLIN
                with nogil:
                    ready = poll(&waited, 1, self.patience_ms)
                    code = EINTR if ready else EAGAIN
                if code == EAGAIN:
                    wsgi.log.info("connection lost: the peer said nothing")
                    return None
            if code == EINTR:
                PyErr_CheckSignals()
                got = recv(fd, self.buffer, RECEIVE, MSG_DONTWAIT)
                code = errno
                continue
            wsgi.log.info(
                "connection lost: %s", strerror(code).decode("utf-8", "replace")
            )
            return None
        if got == 0:
            return None
        left = self.answer(fd, got)
        return self.serve_kept(fd) if self.kept else left

    cdef object answer(self, int fd, Py_ssize_t got):
        """Answer the request in the buffer; return it if it is not quick."""
        cdef unsigned char *data = self.buffer
        cdef Py_ssize_t stop
        cdef dict environ = None
        cdef Response response
        cdef timespec now
        cdef int request_id
        cdef bint is_head = False
        cdef bint keep = data[10] & 1
        self.kept = False
        # The one shape worth a look of its own: no body.
        if (
            got > BEGIN + 16 and data[0] == 1 and data[1] == 1
            and data[4] == 0 and data[5] == 8 and data[6] == 0
            and data[8] == 0 and data[9] == 1
            and data[16] == 1 and data[17] == 4
            and data[18] == data[2] and data[19] == data[3]
        ):
            stop = BEGIN + (data[20] << 8 | data[21])
            if (
                stop > BEGIN and stop + data[22] + 16 == got
                and is_record(data + stop + data[22], 4, data + 2)
                and is_record(data + stop + data[22] + 8, 5, data + 2)
            ):
                environ = self.last.recall(data + BEGIN, stop - BEGIN)
                is_head = self.last.is_head
        request_id = data[2] << 8 | data[3]
        if environ is None or request_id == 0:
            environ, raw = self.read(fd, PyBytes_FromStringAndSize(<char *>data, got))
            if environ is None:
                return raw
            is_head = environ["REQUEST_METHOD"] == "HEAD"
        elif self.mount is not None:
            try:
                environs.mount_at(self.mount, environ)
            except RefusedError as error:
                raw = PyBytes_FromStringAndSize(<char *>data, got)
                return self.refuse(fd, raw, error)
        if self.timed:
            clock_gettime(CLOCK_MONOTONIC, &now)
            self.words[self.at] = (
                <uint64_t>now.tv_sec * 1000000000 + <uint64_t>now.tv_nsec
            )
        response = self.respond()
        response.fd = fd
        response.request_id = request_id
        response.head = is_head
        if request_id != self.request_id:
            self.request_id = self.errors.request_id = request_id
        self.fd = fd
        try:
            result = self.app(environ, self.start)
            if (
                PyList_CheckExact(result) and len(<list>result) == 1
            ):
                response.all((<list>result)[0])
            else:
                wsgi.deliver(result, response)
        except StreamError as error:
            keep = False
            wsgi.log.info("connection lost: %s", error)
        except Exception:
            keep = wsgi.failed(response, environ) and keep
        finally:
            self.fd = -1
            response.over = True
            self.let_go()
            self.last.lent.take_back(environ)
            if len(self.pending):
                self.errors.take()
            self.words[self.at] = 0
            self.words[self.at + 1] += 1
            if self.most and self.words[self.at + 1] >= self.most:
                self.worker.phase = RETIRE
        self.kept = keep and self.worker.phase is SERVE
        return None

    cdef Response respond(self):
        """Return a response of which nothing is known yet."""
        cdef Response response = self.response
        if response is None:
            self.response = response = Response.__new__(Response)
            self.start = PyMethod_New(_start, response)
            self.write = PyMethod_New(_write, response)
        response.quick = self
        response.length = response.left = -1
        response.size = 0
        response.empty = response.started = response.sent = response.over = False
        return response

    cdef void let_go(self) noexcept:
        """Keep the response for the next request if nobody else has it any more."""
        # PERF: making it and its two methods took 500 of a request's 3,900
        # instructions (2026-11).
        if (
            Py_REFCNT(<PyObject *>self.start) == 1
            and Py_REFCNT(<PyObject *>self.write) == 1
            # Ours, the caller's and the methods'.
            and Py_REFCNT(<PyObject *>self.response) == 4
        ):
            self.response.quick = None
        else:
            self.response = None
            self.start = self.write = None

    cdef tuple read(self, int fd, bytes data):
        """Read a request the long way.

        Returns:
            Its environ, or None and what the caller of `serve` gets.
        """
        cdef dict environ
        try:
            quick = codec.read_request(data, self.base)
            if quick is None:
                return None, data
            request_id, _, environ, body = quick
            environs.complete(environ)
            environs.check_body(environ, len(body))
            if body:
                environ["wsgi.input"] = BytesIO(body)
            else:
                self.last.remember(
                    data[BEGIN : BEGIN + (data[20] << 8 | data[21])], environ, self.base
                )
            if self.mount is not None:
                environs.mount_at(self.mount, environ)
        except RefusedError as error:
            return None, self.refuse(fd, data, error)
        except RemoteProtocolError as error:
            wsgi.log.warning("connection dropped: %s", error)
            return None, None
        return environ, None

    cdef object refuse(self, int fd, bytes data, error):
        """Answer a request that must not reach the application.

        Returns:
            The request, if the connection is to be kept, which others know to do.
        """
        if data[10] & 1:
            return data
        request_id = data[2] << 8 | data[3]
        try:
            wsgi.refuse(
                error,
                request_id,
                wsgi.with_end(request_id, lambda pieces: transport.send(fd, pieces)),
            )
        except StreamError:
            pass
        return None

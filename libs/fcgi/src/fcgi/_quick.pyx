"""The common request in the fewest steps, compiled: the twin of `quick.py`.

Beyond the twin it remembers the last request: the parameters of the next one are mostly
the same bytes, so its environ is a copy of the last one's with the changed values
put in. That copy is taken before an application sees it, holds strings only, and is
given up whenever a name, their order, or one of the parameters that decide over other
keys differs.
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
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcmp, memcpy, memset, strerror
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec
from posix.unistd cimport close

from io import BytesIO

from fcgi import _pure, codec, response as responses, transport, wsgi
from fcgi import environ as environs
from fcgi.errors import AbortedError, RefusedError, RemoteProtocolError, StreamError
from fcgi.worker import Phase

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
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
    int accept4(int, sockaddr *, socklen_t *, int) nogil
    ssize_t recv(int, void *, size_t, int) nogil
    ssize_t sendmsg(int, const msghdr *, int) nogil

cdef extern from "Python.h":
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


include "_quick_last.pxi"


# PERF: made for every request, and in no cycle: it knows its `Quick`, which knows no
# response (2026-11).
@cython.final
@cython.no_gc
@cython.freelist(4)
cdef class Response:
    """The twin of `response.Response`, writing to its connection by itself."""

    cdef Quick quick
    cdef int request_id
    cdef int fd
    cdef bint head, empty, started, over
    cdef readonly bint sent
    cdef Py_ssize_t size, length, left

    @property
    def errors(self):
        return self.quick.errors

    def start(self, status, headers, exc_info=None):
        if self.over:
            raise RuntimeError("start_response after the end of the response")
        if exc_info is not None and exc_info[1] is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.started:
            raise RuntimeError("start_response called twice without exc_info")
        self.encode(status, headers)
        self.started = True
        return self.write

    cdef int encode(self, status, headers) except -1:
        """Put the header into the buffer, behind the room for its record header."""
        cdef unsigned char *out = self.quick.out + 8
        cdef Py_ssize_t at, size
        cdef const unsigned char *text
        self.started = False
        self.length = self.left = -1
        if not PyUnicode_Check(status):
            raise TypeError("status is text")
        size = PyUnicode_GET_LENGTH(status)
        if size < 4 or size > 1024 or PyUnicode_KIND(status) != 1:
            raise ValueError(f"status {status!r} is not like '200 OK'")
        text = <const unsigned char *>PyUnicode_DATA(status)
        if not (
            48 <= text[0] <= 57 and 48 <= text[1] <= 57 and 48 <= text[2] <= 57
            and text[3] == 32
        ):
            raise ValueError(f"status {status!r} is not like '200 OK'")
        self.empty = text[0] == 49 or (
            (text[0] == 50 and text[1] == 48 and text[2] == 52)
            or (text[0] == 51 and text[1] == 48 and text[2] == 52)
        )
        memcpy(out, b"Status: ", 8)
        at = 8 + copy(out + 8, text, size)
        out[at], out[at + 1] = 13, 10
        at += 2
        for item in headers:
            name, value = item
            if not PyUnicode_Check(name) or not PyUnicode_Check(value):
                raise TypeError("header names and values are text")
            at = self.field(out, at, name, value)
        self.size = at
        return 0

    cdef Py_ssize_t field(
        self, unsigned char *out, Py_ssize_t at, str name, str value
    ) except -1:
        """Add one header field at `at`; return where the next goes."""
        cdef Py_ssize_t n = PyUnicode_GET_LENGTH(name)
        cdef Py_ssize_t v = PyUnicode_GET_LENGTH(value)
        if PyUnicode_KIND(name) != 1 or PyUnicode_KIND(value) != 1:
            (name + value).encode("latin-1")  # raises, as the twin does
        # LIMIT: HEADER_LIMIT, with the room for Content-Length and the last line.
        if at + n + v + 4 > HEADER_LIMIT:
            raise ValueError(f"header of more than {HEADER_LIMIT} bytes")
        if n == 0 or memchr(PyUnicode_DATA(name), 58, n) != NULL:
            raise ValueError(f"header name {name!r}")
        copy(out + at, <const unsigned char *>PyUnicode_DATA(name), n)
        if n == 14 and name.lower() == "content-length":
            if not (value.isascii() and value.isdigit()):
                raise ValueError(f"Content-Length {value!r} is not a number")
            self.length = self.left = int(value)
        elif n == 10 and name.lower() == "connection":
            raise ValueError("Connection belongs to the web server")
        at += n
        out[at], out[at + 1] = 58, 32
        at += 2
        copy(out + at, <const unsigned char *>PyUnicode_DATA(value), v)
        at += v
        out[at], out[at + 1] = 13, 10
        return at + 2

    def write(self, data):
        self.check(data)
        if not PyBytes_CheckExact(data):
            data = bytes(data)
        if PyBytes_GET_SIZE(data):
            self.emit(data, False)

    def whole(self, data):
        cdef char number[48]
        cdef int size
        self.check(data)
        if not PyBytes_CheckExact(data):
            data = bytes(data)
        if (
            self.length < 0 and not self.sent and not self.empty
            and (PyBytes_GET_SIZE(data) or not self.head)
        ):
            self.length = self.left = PyBytes_GET_SIZE(data)
            size = snprintf(
                number, sizeof(number), b"Content-Length: %zd\r\n", self.length
            )
            memcpy(self.quick.out + 8 + self.size, number, size)
            self.size += size
        self.emit(data, True)

    def finish(self):
        if self.sent:
            self.check(b"")
            self.emit(b"", True)
        else:
            self.whole(b"")

    cdef int check(self, data) except -1:
        if not self.started:
            raise RuntimeError("body before start_response")
        if not PyBytes_CheckExact(data) and not isinstance(data, bytes):
            raise TypeError(f"a body is made of bytes, not {type(data).__name__}")
        if self.over:
            raise RuntimeError("body after the end of the response")
        return 0

    cdef int emit(self, bytes data, bint last) except -1:
        """Send the header if it is due, `data`, and at last the end record."""
        cdef unsigned char *out = self.quick.out
        cdef unsigned char records[8 * MOST_CHUNKS]
        cdef unsigned char end[16]
        cdef iovec pieces[2 * MOST_CHUNKS + 4]
        cdef int count = 0
        cdef int chunks = 0
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t head, start, part
        cdef const char *body = PyBytes_AS_STRING(data)
        if self.head or self.empty:
            size = 0
        elif self.left >= 0:
            if size > self.left:
                raise RuntimeError("more bytes than the Content-Length of the response")
            self.left -= size
            if last and self.left > 0:
                raise RuntimeError(
                    f"{self.left} bytes less than the Content-Length of the response"
                )
        if last:
            self.over = True
            if len(self.quick.pending):
                transport.send(self.fd, self.quick.errors.take())
        if not self.sent:
            self.sent = True
            head = self.size
            out[8 + head] = 13
            out[9 + head] = 10
            head += 2
            if size and head + size <= SMALL:
                memcpy(out + 8 + head, body, size)
                head += size
                size = 0
            put_header(out, 6, self.request_id, head)
            pieces[0].iov_base = out
            pieces[0].iov_len = 8 + head
            count = 1
        start = 0
        if size > CHUNK * MOST_CHUNKS:
            # Rare and not worth a growing array: the twin's way.
            if count:
                send_all(self.fd, pieces, count)
                count = 0
            transport.send(self.fd, codec.encode_stream(6, self.request_id, data))
            size = 0
        while start < size:
            part = min(size - start, CHUNK)
            put_header(records + 8 * chunks, 6, self.request_id, part)
            pieces[count].iov_base = records + 8 * chunks
            pieces[count].iov_len = 8
            pieces[count + 1].iov_base = <void *>(body + start)
            pieces[count + 1].iov_len = part
            count += 2
            chunks += 1
            start += part
        if last:
            put_header(end, 3, self.request_id, 8)
            end[8] = end[9] = end[10] = end[11] = 0
            end[12] = end[13] = end[14] = end[15] = 0
            pieces[count].iov_base = end
            pieces[count].iov_len = 16
            count += 1
        if count:
            send_all(self.fd, pieces, count)
        return 0


cdef inline Py_ssize_t copy(
    unsigned char *to, const unsigned char *text, Py_ssize_t size
) except -1:
    """Copy header text. LIMIT: response splitting."""
    if (
        memchr(text, 10, size) != NULL
        or memchr(text, 13, size) != NULL
        or memchr(text, 0, size) != NULL
    ):
        raise ValueError("line break or NUL in a header")
    memcpy(to, text, size)
    return size


cdef int send_all(int fd, iovec *pieces, int count) except -1:
    """Write all pieces. Releases the GIL; `pieces` is used up."""
    cdef msghdr message
    cdef ssize_t sent
    cdef int at = 0
    cdef int code
    memset(&message, 0, sizeof(message))
    message.msg_iov = pieces
    message.msg_iovlen = count
    # PERF: almost always there is room in the socket's buffer, and the GIL need not
    # change hands (2026-11).
    sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
    code = errno
    while True:
        if sent < 0 and code == EAGAIN:
            sent = 0
        if sent < 0:
            if code != EINTR:
                raise AbortedError(code, strerror(code).decode("utf-8", "replace"))
            PyErr_CheckSignals()
            sent = 0
        while at < count and sent >= <ssize_t>pieces[at].iov_len:
            sent -= pieces[at].iov_len
            at += 1
        if at == count:
            return 0
        pieces[at].iov_base = <char *>pieces[at].iov_base + sent
        pieces[at].iov_len -= sent
        message.msg_iov = pieces + at
        message.msg_iovlen = count - at
        with nogil:
            sent = sendmsg(fd, &message, MSG_NOSIGNAL)
            code = errno


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
    cdef object patience_s
    cdef int fd
    cdef int request_id
    cdef object errors
    cdef list pending

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
        self.patience_s = worker.settings.read_timeout_s
        self.timed = worker.settings.request_timeout_s > 0
        self.most = worker.left if worker.left > 0 else 0

    def send(self, pieces):
        """Write records of the current request."""
        if self.fd < 0:
            raise AbortedError("the request is over")
        transport.send(self.fd, pieces)

    def is_aborted(self):
        """Return whether the web server has given up on the current request."""
        return self.fd < 0 or transport.is_readable(self.fd)

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
                data = self.serve(fd)
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
        cdef ssize_t got
        cdef int code
        # PERF: lighttpd writes the request before a worker wakes up, so the GIL need
        # not change hands (2026-11).
        got = recv(fd, self.buffer, RECEIVE, MSG_DONTWAIT)
        code = errno
        while got < 0:
            if code == EAGAIN:
                # LIMIT: a peer that connects and stays silent. Releases the GIL.
                if not transport.is_readable(fd, self.patience_s):
                    wsgi.log.info("connection lost: the peer said nothing")
                    return None
            if code == EAGAIN or code == EINTR:
                PyErr_CheckSignals()
                got = recv(fd, self.buffer, RECEIVE, MSG_DONTWAIT)
                code = errno
                continue
            wsgi.log.info(
                "connection lost: %s", strerror(code).decode("utf-8", "replace")
            )
            return None
        return self.answer(fd, got)

    cdef object answer(self, int fd, Py_ssize_t got):
        """Answer the request in the buffer; return it if it is not quick."""
        cdef unsigned char *data = self.buffer
        cdef Py_ssize_t stop
        cdef dict environ = None
        cdef Response response
        cdef timespec now
        cdef int request_id
        cdef bint is_head = False
        # The one shape worth a look of its own: no body, nothing kept.
        if (
            got > BEGIN + 16 and data[0] == 1 and data[1] == 1
            and data[4] == 0 and data[5] == 8 and data[6] == 0
            and data[8] == 0 and data[9] == 1 and not data[10] & 1
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
        if self.timed:
            clock_gettime(CLOCK_MONOTONIC, &now)
            self.words[self.at] = (
                <uint64_t>now.tv_sec * 1000000000 + <uint64_t>now.tv_nsec
            )
        response = Response.__new__(Response)
        response.quick = self
        response.fd = fd
        response.request_id = request_id
        response.length = response.left = -1
        response.head = is_head
        if request_id != self.request_id:
            self.request_id = self.errors.request_id = request_id
        self.fd = fd
        try:
            result = self.app(environ, response.start)
            if (
                PyList_CheckExact(result) and len(<list>result) == 1
            ):
                response.whole((<list>result)[0])
            else:
                wsgi.deliver(result, response)
        except StreamError as error:
            wsgi.log.info("connection lost: %s", error)
        except Exception:
            wsgi.failed(response, environ)
        finally:
            self.fd = -1
            response.over = True
            if len(self.pending):
                self.errors.take()
            self.words[self.at] = 0
            self.words[self.at + 1] += 1
            if self.most and self.words[self.at + 1] >= self.most:
                self.worker.phase = RETIRE
        return None

    cdef tuple read(self, int fd, bytes data):
        """Read a request the long way.

        Returns:
            Its environ, or None and what the caller of `serve` gets.
        """
        cdef dict environ
        try:
            quick = codec.read_request(data, self.base)
            if quick is None or quick[1]:
                return None, data
            request_id, _, environ, body = quick
            environs.complete(environ, self.mount)
            environs.check_body(environ, len(body))
        except RefusedError as error:
            if data[10] & 1:
                return None, data
            try:
                request_id = data[2] << 8 | data[3]
                wsgi.refuse(
                    error,
                    request_id,
                    wsgi.with_end(
                        request_id, lambda pieces: transport.send(fd, pieces)
                    ),
                )
            except StreamError:
                pass
            return None, None
        except RemoteProtocolError as error:
            wsgi.log.warning("connection dropped: %s", error)
            return None, None
        if body:
            environ["wsgi.input"] = BytesIO(body)
        elif self.mount is None:
            self.last.remember(
                data[BEGIN : BEGIN + (data[20] << 8 | data[21])], environ, self.base
            )
        return environ, None

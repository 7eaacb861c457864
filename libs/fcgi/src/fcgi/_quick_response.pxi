# Included by _quick.pyx: the response of one request, written to its connection.

cdef object _start, _write


# PERF: in no cycle, for a `Quick` lets go of a response that it may use again only when
# nobody else has it, and then it knows no `Quick` (2026-11).
@cython.final
@cython.no_gc
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
        return self.quick.write

    cdef int encode(self, status, headers) except -1:
        """Put the header into the buffer, behind the room for its record header."""
        cdef Quick quick = self.quick
        cdef unsigned char *out = quick.out + 8
        cdef Py_ssize_t at, size
        cdef const unsigned char *text
        self.started = False
        if quick.has_block(status, headers):
            self.size = quick.block_size
            self.length = self.left = quick.block_length
            self.empty = quick.block_empty
            return 0
        quick.block_fields = None
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
        quick.keep_block(status, headers, self)
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
        # WHY: a response without a body leaves as a whole, see the twin.
        if PyBytes_GET_SIZE(data) and not (self.head or self.empty):
            self.emit(data, False)

    def whole(self, data):
        self.all(data)

    cdef int all(self, data) except -1:
        self.check(data)
        if not PyBytes_CheckExact(data):
            data = bytes(data)
        if (
            self.length < 0 and not self.sent and not self.empty
            and (PyBytes_GET_SIZE(data) or not self.head)
        ):
            self.length = self.left = PyBytes_GET_SIZE(data)
            self.size += put_length(self.quick.out + 8 + self.size, self.length)
        return self.emit(data, True)

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
            if last and size == 0:
                put_end(out + 8 + head, self.request_id)
                return send_out(self.fd, out, 24 + head)
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
            put_end(end, self.request_id)
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


cdef inline Py_ssize_t put_length(unsigned char *at, Py_ssize_t length) noexcept:
    """Write a Content-Length field; return its size."""
    cdef unsigned char digits[24]
    cdef size_t left = <size_t>length
    cdef int i = 24
    while True:
        i -= 1
        digits[i] = <unsigned char>(48 + left % 10)
        left //= 10
        if left == 0:
            break
    memcpy(at, b"Content-Length: ", 16)
    memcpy(at + 16, digits + i, 24 - i)
    at[40 - i], at[41 - i] = 13, 10
    return 42 - i


cdef int send_out(int fd, unsigned char *out, Py_ssize_t size) except -1:
    """Write what is in one piece. PERF: cheaper than `sendmsg` (2026-11)."""
    cdef iovec rest
    cdef ssize_t sent = send(fd, out, size, MSG_NOSIGNAL | MSG_DONTWAIT)
    if sent == size:
        return 0
    if sent < 0:
        sent = 0  # what went wrong comes again
    rest.iov_base = out + sent
    rest.iov_len = size - sent
    return send_all(fd, &rest, 1)


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


# PERF: bound by hand; looking the names up costs more than the call (2026-11).
_start = Response.__dict__["start"]
_write = Response.__dict__["write"]

"""The record and parameter codec, compiled.

The twin of `_pure.py`: same functions, same results, same errors. Read that file for
what they mean; this one only says what is different in C.
"""

from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.dict cimport PyDict_Copy, PyDict_GetItem, PyDict_SetItem
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.string cimport memcpy, memset

from fcgi import _pure
from fcgi.errors import RemoteProtocolError

cdef enum:
    CHUNK = 0xFFF8
    BEGIN = 24

cdef dict _known = _pure._names
cdef frozenset _SUSPECT = _pure._SUSPECT
cdef object _name = _pure._name
cdef object _weigh = _pure._weigh



cdef inline void put_header(
    unsigned char *at, int kind, int request_id, int size, int padding
) noexcept nogil:
    at[0] = 1
    at[1] = <unsigned char>kind
    at[2] = <unsigned char>(request_id >> 8)
    at[3] = <unsigned char>request_id
    at[4] = <unsigned char>(size >> 8)
    at[5] = <unsigned char>size
    at[6] = <unsigned char>padding
    at[7] = 0


cdef bytes header(int kind, int request_id, int size):
    cdef bytes out = PyBytes_FromStringAndSize(NULL, 8)
    put_header(<unsigned char *>PyBytes_AS_STRING(out), kind, request_id, size, 0)
    return out


cdef _check_id(int request_id):
    if request_id < 0 or request_id > 0xFFFF:
        # The same error as struct raises in the twin.
        import struct
        raise struct.error("request id")


def encode_record(int kind, int request_id, content=b""):
    cdef const unsigned char[::1] view = content
    cdef Py_ssize_t size = view.shape[0]
    cdef int padding = <int>(-size & 7)
    cdef bytes out
    cdef unsigned char *at
    _check_id(request_id)
    if size > 0xFFFF:
        import struct
        raise struct.error("content longer than a record")
    out = PyBytes_FromStringAndSize(NULL, 8 + size + padding)
    at = <unsigned char *>PyBytes_AS_STRING(out)
    put_header(at, kind, request_id, <int>size, padding)
    if size:
        memcpy(at + 8, &view[0], size)
    memset(at + 8 + size, 0, padding)
    return out


def encode_stream(int kind, int request_id, content):
    cdef Py_ssize_t size = len(content)
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t length
    cdef list pieces
    if size == 0:
        return []
    _check_id(request_id)
    if size <= CHUNK:
        return [header(kind, request_id, <int>size), content]
    view = memoryview(content)
    pieces = []
    while start < size:
        length = min(size - start, CHUNK)
        pieces.append(header(kind, request_id, <int>length))
        pieces.append(view[start : start + length])
        start += length
    return pieces


def encode_end(int request_id, app_status=0, int protocol_status=0):
    cdef unsigned char out[16]
    cdef unsigned int status = app_status & 0xFFFFFFFF
    _check_id(request_id)
    put_header(out, 3, request_id, 8, 0)
    out[8] = <unsigned char>(status >> 24)
    out[9] = <unsigned char>(status >> 16)
    out[10] = <unsigned char>(status >> 8)
    out[11] = <unsigned char>status
    out[12] = <unsigned char>protocol_status
    out[13] = out[14] = out[15] = 0
    return (<char *>out)[:16]


def encode_begin(int request_id, int role, int flags):
    cdef unsigned char out[16]
    _check_id(request_id)
    put_header(out, 1, request_id, 8, 0)
    memset(out + 8, 0, 8)
    out[8] = <unsigned char>(role >> 8)
    out[9] = <unsigned char>role
    out[10] = <unsigned char>flags
    return (<char *>out)[:16]


cdef inline unsigned char *put_length(unsigned char *at, Py_ssize_t size) noexcept:
    if size < 128:
        at[0] = <unsigned char>size
        return at + 1
    at[0] = <unsigned char>(size >> 24 | 128)
    at[1] = <unsigned char>(size >> 16)
    at[2] = <unsigned char>(size >> 8)
    at[3] = <unsigned char>size
    return at + 4


def encode_pairs(pairs):
    cdef list known = list(pairs)
    cdef Py_ssize_t total = 0
    cdef Py_ssize_t n, v
    cdef bytes name, value, out
    cdef unsigned char *at
    for name, value in known:
        total += 8 + PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value)
    out = PyBytes_FromStringAndSize(NULL, total)
    at = <unsigned char *>PyBytes_AS_STRING(out)
    begin = at
    for name, value in known:
        n = PyBytes_GET_SIZE(name)
        v = PyBytes_GET_SIZE(value)
        at = put_length(at, n)
        at = put_length(at, v)
        memcpy(at, PyBytes_AS_STRING(name), n)
        memcpy(at + n, PyBytes_AS_STRING(value), v)
        at += n + v
    return out[: at - begin]


cdef Py_ssize_t take_length(
    const unsigned char *raw, Py_ssize_t *at, Py_ssize_t stop, bint is_name
) except -1:
    """Read a length at `at` and step over it."""
    cdef Py_ssize_t i = at[0]
    cdef Py_ssize_t size
    if i >= stop:
        raise RemoteProtocolError("value length missing")
    size = raw[i]
    i += 1
    if size & 128:
        if i + 3 > stop:
            raise RemoteProtocolError(
                "name length cut short" if is_name else "value length cut short"
            )
        size = (
            (size & 127) << 24
            | <Py_ssize_t>raw[i] << 16
            | <Py_ssize_t>raw[i + 1] << 8
            | raw[i + 2]
        )
        i += 3
    at[0] = i
    return size


def decode_pairs(bytes raw):
    cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(raw)
    cdef Py_ssize_t stop = PyBytes_GET_SIZE(raw)
    cdef Py_ssize_t i = 0
    cdef Py_ssize_t n, v
    cdef list out = []
    while i < stop:
        n = take_length(data, &i, stop, True)
        v = take_length(data, &i, stop, False)
        # SAFETY: 31-bit lengths cannot overflow a 64-bit sum.
        if n + v > stop - i:
            raise RemoteProtocolError("name or value longer than its stream")
        out.append((raw[i : i + n], raw[i + n : i + n + v]))
        i += n + v
    return out


def decode_environ(bytes raw, dict base, Py_ssize_t start=0, Py_ssize_t stop=-1):
    cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(raw)
    cdef Py_ssize_t i = start
    cdef Py_ssize_t n, v
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t before
    cdef dict environ
    cdef PyObject *found
    cdef bint suspect = False
    # SAFETY: the twin's slices would bound these by themselves.
    if stop < 0 or stop > PyBytes_GET_SIZE(raw):
        stop = PyBytes_GET_SIZE(raw)
    if i < 0:
        raise ValueError("start")
    environ = PyDict_Copy(base)
    before = len(environ)
    while i < stop:
        n = take_length(data, &i, stop, True)
        v = take_length(data, &i, stop, False)
        if n + v > stop - i:
            raise RemoteProtocolError("name or value longer than its stream")
        name = PyBytes_FromStringAndSize(<const char *>data + i, n)
        found = PyDict_GetItem(_known, name)
        if found is NULL:
            key = _name(name)
            suspect = suspect or key in _SUSPECT
        else:
            key = <object>found
        PyDict_SetItem(
            environ, key, PyUnicode_DecodeLatin1(<const char *>data + i + n, v, NULL)
        )
        count += 1
        i += n + v
    if len(environ) - before != count:
        raise _pure.RefusedError("a parameter name came twice")
    if suspect:
        _weigh(environ)
    return environ


def read_request(bytes raw, dict base):
    cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(raw)
    cdef Py_ssize_t total = PyBytes_GET_SIZE(raw)
    cdef Py_ssize_t stop, i, size
    cdef int request_id
    cdef list body
    if total < BEGIN + 16:
        return None
    if data[0] != 1 or data[1] != 1 or data[16] != 1 or data[17] != 4:
        return None
    request_id = data[2] << 8 | data[3]
    if data[4] or data[5] != 8 or data[6] or data[8] or data[9] != 1:
        return None
    if data[18] != data[2] or data[19] != data[3] or request_id == 0:
        return None
    stop = BEGIN + (data[20] << 8 | data[21])
    i = stop + data[22]
    if stop == BEGIN or i + 8 > total:
        return None
    if not is_empty(data + i, 4, request_id):
        return None
    i += 8
    body = []
    while i + 8 <= total:
        if data[i] != 1 or data[i + 1] != 5:
            return None
        if data[i + 2] != data[2] or data[i + 3] != data[3]:
            return None
        size = data[i + 4] << 8 | data[i + 5]
        if size == 0:
            if i + 8 + data[i + 6] != total:
                return None
            environ = decode_environ(raw, base, BEGIN, stop)
            return request_id, bool(data[10] & 1), environ, b"".join(body)
        if i + 8 + size > total:
            return None
        body.append(raw[i + 8 : i + 8 + size])
        i += 8 + size + data[i + 6]
    return None


cdef inline bint is_empty(const unsigned char *at, int kind, int request_id) noexcept:
    return (
        at[0] == 1
        and at[1] == kind
        and at[2] == request_id >> 8
        and at[3] == (request_id & 255)
        and at[4] == 0
        and at[5] == 0
        and at[6] == 0
    )



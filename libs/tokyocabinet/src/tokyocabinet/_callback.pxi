# Python functions that the C library calls: with the GIL, never into their own handle.


class _Remove:
    """What a `putproc` function returns to have the record removed."""

    __slots__ = ()

    def __repr__(self):
        return "tokyocabinet.REMOVE"


REMOVE = _Remove()


cdef class Callback:
    """A Python function, and the handle whose lock is held while it runs."""

    def __cinit__(self, Database owner not None, function, extra=()):
        self.owner = owner
        self.function = function
        self.extra = tuple(extra)
        if owner.callers is None:
            owner.callers = set()
            owner.pending = {}

    cdef object call(self, tuple arguments):
        """Call the function; None, and the error kept for `leave`, when it raises."""
        # SAFETY: the C library holds its lock here; entering the handle again from
        # this thread would wait for itself. `enter` looks at `callers`.
        cdef unsigned long me = PyThread_get_thread_ident()
        cdef bint outer = me not in self.owner.callers
        cdef object result
        self.owner.callers.add(me)
        try:
            result = self.function(*arguments, *self.extra)
        except BaseException as error:
            self.failed(error)
            return FAILED
        finally:
            if outer:
                self.owner.callers.discard(me)
        return result

    cdef void failed(self, error):
        """Keep the first error of this thread; `leave` raises it."""
        self.owner.pending.setdefault(PyThread_get_thread_ident(), error)


cdef object FAILED = object()


cdef void *copied(bytes data, int *sp) noexcept:
    """Return a malloc'ed copy of `data`, as the C library expects from callbacks."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef char *result = <char *>malloc(size + 1)
    if result != NULL:
        memcpy(result, PyBytes_AS_STRING(data), size + 1)
        sp[0] = <int>size
    return result


cdef void *put_proc(const void *vbuf, int vsiz, int *sp, void *op) noexcept with gil:
    cdef Callback callback = <Callback>op
    cdef object result = callback.call(
        (PyBytes_FromStringAndSize(<const char *>vbuf, vsiz),))
    if result is REMOVE:
        return <void *>-1
    if result is FAILED or result is None:
        return NULL
    try:
        return copied(raw(result), sp)
    except BaseException as error:
        callback.failed(error)
        return NULL


cdef boolean each_record(
    const void *kbuf, int ksiz, const void *vbuf, int vsiz, void *op
) noexcept with gil:
    cdef object result = (<Callback>op).call((
        PyBytes_FromStringAndSize(<const char *>kbuf, ksiz),
        PyBytes_FromStringAndSize(<const char *>vbuf, vsiz)))
    return result is not False and result is not FAILED


cdef int compare_keys(
    const char *abuf, int asiz, const char *bbuf, int bsiz, void *op
) noexcept with gil:
    cdef Callback callback = <Callback>op
    cdef object result = callback.call((
        PyBytes_FromStringAndSize(abuf, asiz), PyBytes_FromStringAndSize(bbuf, bsiz)))
    try:
        if result is not FAILED:
            return (result > 0) - (result < 0)
    except BaseException as error:
        callback.failed(error)
    return tccmplexical(abuf, asiz, bbuf, bsiz, NULL)


cdef void *transcode(const void *buf, int size, int *sp, void *op) noexcept with gil:
    cdef Callback callback = <Callback>op
    cdef object result = callback.call(
        (PyBytes_FromStringAndSize(<const char *>buf, size),))
    if result is FAILED:
        return NULL
    try:
        return copied(raw(result), sp)
    except BaseException as error:
        callback.failed(error)
        return NULL


# Counters. WHY not the C library's addint: it wraps around, and its error value is a
# possible sum. These run inside its putproc, so they are as atomic.

cdef void *add_int(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil:
    cdef Counter *counter = <Counter *>op
    cdef int32_t old, new
    cdef int64_t total
    cdef void *result
    if vsiz != sizeof(int32_t):
        counter.status = WRONG_SIZE
        return NULL
    memcpy(&old, vbuf, sizeof(int32_t))
    total = <int64_t>old + counter.whole
    new = <int32_t>total
    if new != total:
        counter.status = TOO_LARGE
        return NULL
    result = malloc(sizeof(int32_t))
    if result != NULL:
        memcpy(result, &new, sizeof(int32_t))
        sp[0] = sizeof(int32_t)
        counter.whole = new
    return result


cdef void *add_double(const void *vbuf, int vsiz, int *sp, void *op) noexcept nogil:
    cdef Counter *counter = <Counter *>op
    cdef double old, total
    cdef void *result
    if vsiz != sizeof(double):
        counter.status = WRONG_SIZE
        return NULL
    memcpy(&old, vbuf, sizeof(double))
    total = old + counter.real
    if isinf(total) and isfinite(old) and isfinite(counter.real):
        counter.status = TOO_LARGE
        return NULL
    result = malloc(sizeof(double))
    if result != NULL:
        memcpy(result, &total, sizeof(double))
        sp[0] = sizeof(double)
        counter.real = total
    return result


cdef int counted(Counter *counter) except -1:
    """Raise what a counter's status says."""
    if counter.status == TOO_LARGE:
        raise OverflowError("the sum does not fit; the record is unchanged")
    if counter.status == WRONG_SIZE:
        raise error_for(
            TCEINVALID, "invalid operation: the value was not stored by this function")
    return 0

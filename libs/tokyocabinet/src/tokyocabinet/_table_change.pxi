# A row that a function changes under the table's lock.


cdef struct RowChange:
    PyObject *callback
    const char *kbuf            # the row's primary key
    int ksiz


cdef void *change_row(const void *vbuf, int vsiz, int *sp, void *op) noexcept with gil:
    cdef RowChange *change = <RowChange *>op
    cdef Callback callback = <Callback>change.callback
    cdef TCTDB *db = <TCTDB *>callback.owner.db
    cdef TCMAP *columns
    cdef void *stored
    cdef bytes answer
    cdef object result
    cdef char *copy
    cdef int size = 0
    # WHY not `vbuf`: there zero bytes stand between names and values, and a value may
    # hold one. SAFETY: the hash database behind has a lock of its own, now free.
    stored = tchdbget(db.hdb, change.kbuf, change.ksiz, &size)
    if stored == NULL:
        return NULL
    columns = tcmapload(stored, size)
    free(stored)
    try:
        result = callback.call((row_of(columns),))
        if result is None:
            return NULL
        if result is REMOVE:
            return <void *>-1
        answer = (<TDB>callback.owner).joined(result)   # FAILED is no row: kept below
        copy = <char *>malloc(PyBytes_GET_SIZE(answer) + 1)
        if copy != NULL:
            memcpy(copy, PyBytes_AS_STRING(answer), PyBytes_GET_SIZE(answer) + 1)
            sp[0] = <int>PyBytes_GET_SIZE(answer)
        return copy
    except BaseException as error:
        callback.failed(error)      # the first one counts
        return NULL
    finally:
        tcmapdel(columns)

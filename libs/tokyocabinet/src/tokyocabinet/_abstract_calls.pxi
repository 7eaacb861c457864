# The C functions of an abstract database, each with the code of what went wrong.

cdef extern from *:
    """
    static __thread int abstract_code = 0;
    """
    int abstract_code


cdef int code_of(void *db) noexcept nogil:
    return abstract_code


cdef int learn(TCADB *db, int otherwise) noexcept nogil:
    """Remember why a call failed; `otherwise` is for the databases in memory."""
    global abstract_code
    cdef int kind = tcadbomode(db)
    cdef void *inner = tcadbreveal(db)
    cdef int code = 0
    if kind == ADBOHDB:
        code = tchdbecode(<TCHDB *>inner)
    elif kind == ADBOBDB:
        code = tcbdbecode(<TCBDB *>inner)
    elif kind == ADBOFDB:
        code = tcfdbecode(<TCFDB *>inner)
    elif kind == ADBOTDB:
        code = tctdbecode(<TCTDB *>inner)
    abstract_code = code if code else otherwise
    return 0


cdef void forget(TCADB *db) noexcept nogil:
    """Clear the code of the database behind, which no success does."""
    cdef int kind = tcadbomode(db)
    cdef void *inner = tcadbreveal(db)
    if kind == ADBOHDB:
        tchdbsetecode(<TCHDB *>inner, TCESUCCESS, "", 1, "")
    elif kind == ADBOBDB:
        tcbdbsetecode(<TCBDB *>inner, TCESUCCESS, "", 1, "")
    elif kind == ADBOFDB:
        tcfdbsetecode(<TCFDB *>inner, TCESUCCESS, "", 1, "")
    elif kind == ADBOTDB:
        tctdbsetecode(<TCTDB *>inner, TCESUCCESS, "", 1, "")


cdef boolean acceptable(
    TCADB *db, int ksiz, const char *vbuf, int vsiz
) noexcept nogil:
    """Return whether a record may be stored.

    LIMIT: where a table's primary key is empty, or the value of a column with an index,
    the C library ends the process. A row is names and values with zero bytes between.
    """
    cdef int index, size = 0, field = 0
    if tcadbomode(db) != ADBOTDB:
        return True
    if ksiz == 0:
        return False
    for index in range(vsiz + 1):
        if index < vsiz and vbuf[index] != 0:
            size += 1
            continue
        if size == 0 and (field % 2 == 0 or (<TCTDB *>tcadbreveal(db)).inum > 0):
            return vsiz == 0
        size = 0
        field += 1
    return True


cdef void refused(
    TCADB *db, int ksiz, const char *vbuf, int vsiz, int otherwise
) noexcept nogil:
    global abstract_code
    if acceptable(db, ksiz, vbuf, vsiz):
        learn(db, otherwise)
    else:
        abstract_code = TCEINVALID


cdef boolean put(
    void *db, const void *kbuf, int ksiz, const void *vbuf, int vsiz
) noexcept nogil:
    if acceptable(<TCADB *>db, ksiz, <const char *>vbuf, vsiz) and tcadbput(
        <TCADB *>db, kbuf, ksiz, vbuf, vsiz
    ):
        return True
    refused(<TCADB *>db, ksiz, <const char *>vbuf, vsiz, TCEINVALID)
    return False


cdef boolean putkeep(
    void *db, const void *kbuf, int ksiz, const void *vbuf, int vsiz
) noexcept nogil:
    if acceptable(<TCADB *>db, ksiz, <const char *>vbuf, vsiz) and tcadbputkeep(
        <TCADB *>db, kbuf, ksiz, vbuf, vsiz
    ):
        return True
    refused(<TCADB *>db, ksiz, <const char *>vbuf, vsiz, TCEKEEP)
    return False


cdef boolean putcat(
    void *db, const void *kbuf, int ksiz, const void *vbuf, int vsiz
) noexcept nogil:
    if acceptable(<TCADB *>db, ksiz, <const char *>vbuf, vsiz) and tcadbputcat(
        <TCADB *>db, kbuf, ksiz, vbuf, vsiz
    ):
        return True
    refused(<TCADB *>db, ksiz, <const char *>vbuf, vsiz, TCEINVALID)
    return False


cdef boolean putproc(
    void *db, const void *kbuf, int ksiz, const void *vbuf, int vsiz,
    TCPDPROC proc, void *op,
) noexcept nogil:
    global abstract_code
    if tcadbomode(<TCADB *>db) == ADBOTDB:
        abstract_code = TCEINVALID      # the C library would take a row for a value
        return False
    if tcadbputproc(<TCADB *>db, kbuf, ksiz, vbuf, vsiz, proc, op):
        return True
    learn(<TCADB *>db, TCEKEEP)
    return False


cdef boolean out(void *db, const void *kbuf, int ksiz) noexcept nogil:
    if tcadbout(<TCADB *>db, kbuf, ksiz):
        return True
    learn(<TCADB *>db, TCENOREC)
    return False


cdef int vsiz(void *db, const void *kbuf, int ksiz) noexcept nogil:
    cdef int size = tcadbvsiz(<TCADB *>db, kbuf, ksiz)
    if size < 0:
        learn(<TCADB *>db, TCENOREC)
    return size


cdef int fetch(void *db, const void *kbuf, int ksiz, Arena *arena) noexcept nogil:
    cdef int size = 0
    cdef char *at
    cdef void *data = tcadbget(<TCADB *>db, kbuf, ksiz, &size)
    if data == NULL:
        learn(<TCADB *>db, TCENOREC)
        return -1
    at = arena_space(arena, size)
    if at != NULL:
        memcpy(at, data, size)
        arena.used += size
    free(data)
    return -2 if at == NULL else size


cdef boolean plain(TCADB *db, boolean ok) noexcept nogil:
    if not ok:
        learn(db, TCEINVALID)
    return ok


cdef boolean sync(void *db) noexcept nogil:
    return plain(<TCADB *>db, tcadbsync(<TCADB *>db))


cdef boolean vanish(void *db) noexcept nogil:
    return plain(<TCADB *>db, tcadbvanish(<TCADB *>db))


cdef boolean begin(void *db) noexcept nogil:
    return plain(<TCADB *>db, tcadbtranbegin(<TCADB *>db))


cdef boolean commit(void *db) noexcept nogil:
    return plain(<TCADB *>db, tcadbtrancommit(<TCADB *>db))


cdef boolean abort(void *db) noexcept nogil:
    return plain(<TCADB *>db, tcadbtranabort(<TCADB *>db))


cdef boolean copy(void *db, const char *path) noexcept nogil:
    return plain(<TCADB *>db, tcadbcopy(<TCADB *>db, path))


cdef bint locks(void *db, lock_call call) noexcept nogil:
    cdef int kind = tcadbomode(<TCADB *>db)
    cdef void *inner = tcadbreveal(<TCADB *>db)
    if kind == ADBOHDB:
        return call((<TCHDB *>inner).fd, (<TCHDB *>inner).omode)
    if kind == ADBOBDB:
        return call((<TCBDB *>inner).hdb.fd, (<TCBDB *>inner).hdb.omode)
    if kind == ADBOFDB:
        return call((<TCFDB *>inner).fd, (<TCFDB *>inner).omode)
    if kind == ADBOTDB:
        return table_locks(inner, call)
    return True


cdef bint copy_fault(void *db, bint mend) noexcept nogil:
    cdef int kind = tcadbomode(<TCADB *>db)
    cdef void *inner = tcadbreveal(<TCADB *>db)
    if kind == ADBOHDB:
        return copy_fault_hash(<TCHDB *>inner, mend)
    if kind == ADBOBDB:
        return copy_fault_tree(<TCBDB *>inner, mend)
    if kind == ADBOFDB:
        return copy_fault_fixed(<TCFDB *>inner, mend)
    if kind == ADBOTDB:
        return table_copy_fault(inner, mend)
    return False


cdef int room(void *db, const void *kbuf, int ksiz, int vsiz) noexcept nogil:
    cdef int kind = tcadbomode(<TCADB *>db)
    if kind == ADBOHDB:
        return hash_room(tcadbreveal(<TCADB *>db), <size_t>ksiz + <size_t>vsiz)
    if kind == ADBOTDB:
        return hash_room(
            (<TCTDB *>tcadbreveal(<TCADB *>db)).hdb, <size_t>ksiz + <size_t>vsiz)
    if kind == ADBOFDB:
        return fixed_room(
            <TCFDB *>tcadbreveal(<TCADB *>db), NULL,
            tcfdbkeytoid(<const char *>kbuf, ksiz))
    return 0


cdef int room_for_all(void *db, const TCLIST *arguments) noexcept nogil:
    """Reserve disk for the keys and values, by turns, that a function of `misc` stores."""
    cdef int kind = tcadbomode(<TCADB *>db)
    cdef int index, size = 0, code = 0
    cdef int64_t total = 0
    cdef const char *each = NULL
    for index in range(tclistnum(arguments)):
        each = <const char *>tclistval(arguments, index, &size)
        total += size + 64      # what a record has beside them is less
        if kind == ADBOFDB and index % 2 == 0:
            code = room(db, each, size, 0)
            if code != 0:
                return code
    if kind == ADBOFDB:
        return 0
    return room(db, each, 0, <int>min(total, <int64_t>INT_MAX))


cdef boolean foreach(void *db, TCITER proc, void *op) noexcept nogil:
    return plain(<TCADB *>db, tcadbforeach(<TCADB *>db, proc, op))


cdef boolean close(void *db) noexcept nogil:
    global abstract_code
    abstract_code = TCEMISC
    return tcadbclose(<TCADB *>db)


cdef boolean open_name(void *db, const char *name, int omode) noexcept nogil:
    global abstract_code
    abstract_code = TCEMISC
    return tcadbopen(<TCADB *>db, name)

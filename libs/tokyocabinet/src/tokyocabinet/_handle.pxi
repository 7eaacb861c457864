# A handle: opening and closing, who may be inside it, what a failure becomes.

cdef int forks = 0


def _count_fork():
    global forks
    forks += 1
    header.forget()


# SAFETY: a child shares the parent's file descriptors but not its file locks; a handle
# that closed itself in the child would write stale pages into the parent's file.
os.register_at_fork(after_in_child=_count_fork)


cdef extern from * nogil:
    """
    /* Writers first: readers that come and come again must not keep them out. */
    static void init_lock(pthread_rwlock_t *lock) {
      pthread_rwlockattr_t how;
      pthread_rwlockattr_init(&how);
    #ifdef __GLIBC__
      pthread_rwlockattr_setkind_np(&how, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    #endif
      pthread_rwlock_init(lock, &how);
      pthread_rwlockattr_destroy(&how);
    }
    """
    void init_lock(pthread_rwlock_t *)


cdef class Handle:
    """A file that is open or closed, and who may be inside it; see `Database`."""

    def __cinit__(self, *args, mutex=True, verify=True, **kwargs):
        self.mutex = mutex
        self.verify = verify
        self.kind = -1
        self.tran_lock = threading.Lock()
        self.born = forks
        init_lock(&self.lock)
        pthread_mutex_init(&self.walk, NULL)

    def __dealloc__(self):
        if self.db != NULL and self.born == forks:
            with nogil:
                self.calls.delete(self.db)
        self.db = NULL
        residency_forget(&self.pages)
        if self.files and self.born == forks:
            header.release(self.files, self.bits)
        pthread_rwlock_destroy(&self.lock)
        pthread_mutex_destroy(&self.walk)

    def __init__(self, path=None, omode=0, *, mutex=True, verify=True):
        if self.db == NULL:
            raise TypeError(f"{type(self).__name__} is no kind of database by itself")
        if path is not None and omode:
            self.open(path, omode)

    # -- rules 1 and 2 of _database.pyx

    cdef bint at_rest(self) noexcept:
        """Return whether the handle is open and no call is inside of it.

        SAFETY: a call gets inside with the GIL held. So while the caller holds on to the
        GIL, the handle is the caller's alone and needs no lock.
        """
        return self.is_open and self.inside == 0 and self.born == forks

    cdef int enter(self) except -1:
        if not self.is_open:
            raise error_for(TCEINVALID, "invalid operation: the database is closed")
        if self.born != forks:
            raise error_for(
                TCETHREAD, "threading error: the handle was opened before fork()")
        if not self.mutex:
            if self.busy:
                raise error_for(
                    TCETHREAD, "threading error: another call is inside this handle"
                    " (it was made with mutex=False, or this is its own callback)")
            self.busy = True
        elif self.callers is not None and PyThread_get_thread_ident() in self.callers:
            raise error_for(
                TCETHREAD, "threading error: a callback must not use its own handle")
        self.inside += 1
        return 0

    cdef int enter_closed(self) except -1:
        if self.is_open:
            raise error_for(
                TCEINVALID, "invalid operation: tuning has to come before opening",
                self.path())
        if self.busy:
            raise error_for(TCETHREAD, "threading error: the handle is being opened")
        return 0

    cdef int leave(self) except -1:
        self.inside -= 1
        self.busy = False
        if self.pending:
            self.raise_pending()
        return 0

    cdef int raise_pending(self) except -1:
        """Raise what a callback of this thread raised, now that no lock is held."""
        error = self.pending.pop(PyThread_get_thread_ident(), None)
        if error is not None:
            raise error
        return 0

    cdef int fail(self, int code) except -1:
        """Raise the error that stands for a code of the C library."""
        cdef str message
        if code == 0:
            code = TCEMISC
        message = tcerrmsg(code).decode()
        if code == TCEINVALID:
            if not self.is_open:
                message += ": the database is closed"
            elif self.kind >= 0 and not self.bits & WRITER:
                message += ": the file is open for reading"
            elif self.tran_owner:
                message += ": perhaps because a transaction is open"
        raise error_for(code, message, None if code == TCENOREC else self.path())

    cdef int simple(self, plain_call call) except -1:
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = call(self.db)
            if not ok:
                code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)
        return 0

    cdef uint64_t count(self, count_call call) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t result
        self.enter()
        with nogil:
            self.acquire()
            result = call(self.db)
            self.release()
        self.leave()
        return result

    # -- life

    def open(self, path, omode="r"):
        """Open the file at `path`.

        Args:
            path: A path; text, bytes or os.PathLike.
            omode: The C API's bits (`HDBOWRITER | HDBOCREAT`), or one of "r" read,
                "w" write, "c" write and create, "n" write and start empty.

        Raises:
            FileMissingError: There is no file, and none was to be created.
            NoPermissionError: The operating system refuses access.
            CorruptFileError: The file is damaged, or a database of another kind.
            LockError: Another process has it open, and the mode has `...OLCKNB`.
            ThreadError: This process has it open already, by this name or another.
            InvalidOperationError: This handle is open already.
            DiskError: What else can go wrong with a file.

        Releases the GIL, also while it waits for another process to close the file.
        """
        cdef bytes name = path_bytes(path)
        cdef const char *cname = name
        cdef int bits = mode_bits(omode)
        cdef boolean ok
        cdef int code = 0
        cdef object token = None
        if self.db == NULL:
            raise TypeError(f"{type(self).__name__} is no kind of database by itself")
        if self.is_open:
            raise error_for(
                TCEINVALID, "invalid operation: the handle is open already", self.path())
        if self.born != forks:
            raise error_for(TCETHREAD, "threading error: handle made before fork()")
        if self.busy:
            raise error_for(TCETHREAD, "threading error: the handle is being opened")
        self.busy = True
        try:
            while True:
                if self.kind >= 0:
                    token = header.check(name, bits, self.kind, verify=self.verify)
                with nogil:
                    self.acquire()
                    ok = self.calls.open(self.db, cname, bits)
                    if not ok:
                        code = self.calls.ecode(self.db)
                    self.release()
                if not ok or header.still_there(name, token):
                    break
                with nogil:
                    self.calls.close(self.db)
                header.finished(token)
        finally:
            self.busy = False
            header.finished(token)
        if not ok:
            raise error_for(code, tcerrmsg(code).decode(), os.fsdecode(name))
        self.epoch += 1
        self.is_open = True
        self.bits = bits
        if self.kind == 2 and bits & NO_LOCK:
            # LIMIT: see header.py; a fixed-length database is only as long as it says.
            if os.stat(name).st_size < self.calls.fsiz(self.db):
                self.close()
                raise error_for(TCEMETA, "invalid meta data", os.fsdecode(name))
        self.name = name
        self.pages.trusted = answers_about(name)
        self.fresh = bool(bits & TRUNCATE)
        if self.kind >= 0:
            self.claim(name, self.kind)

    cdef int claim(self, bytes name, int kind) except -1:
        """Note which files are open now; those of before are not any more."""
        if self.files:
            header.release(self.files, self.bits)
        self.files = header.claim(name, kind, self.bits)
        self.file_kind = kind
        return 0

    cdef int renamed(self) except -1:
        """Note that the C library has put new files in the place of the old."""
        if self.is_open and self.files:
            self.claim(self.name, self.file_kind)
        return 0

    cdef int not_rewritten(self, int code) except -1:
        """Remove what there is of a new file, and raise the error it ended with.

        WHY: the C library leaves it, which on a full disk takes the room that was left.
        """
        try:
            os.unlink(f"{self.path()}.tmp.{os.stat(self.path()).st_ino}")
        except OSError:
            pass
        self.fail(code)

    def close(self):
        """Write what is pending and close the file; does nothing when closed.

        An open transaction is aborted. Cursors, queries and iterators made before
        raise `InvalidOperationError` from now on. Waits for calls of other threads.
        """
        cdef boolean ok
        cdef int code = 0
        if not self.is_open:
            return
        if self.born != forks:
            self.is_open = False
            return
        self.enter()
        self.is_open = False
        with nogil:
            self.acquire()
            ok = self.calls.close(self.db)
            if not ok:
                code = self.calls.ecode(self.db)
            self.release()
        if self.files:
            header.release(self.files, self.bits)
            if ok and (self.verify or self.fresh):
                header.closed(self.files)
            self.files = None
        self.leave()
        self.end_transaction()
        if not ok:
            self.fail(code)

    @property
    def closed(self):
        """Whether the handle is closed."""
        return not self.is_open

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __repr__(self):
        state = f"at {self.path()!r}" if self.is_open else "closed"
        return f"<{type(self).__module__}.{type(self).__qualname__} {state}>"

    def __reduce__(self):
        raise TypeError("a database handle cannot be pickled")

    def path(self):
        """Return the path as text, or None when closed."""
        cdef const char *text
        if not self.is_open or self.born != forks:
            return None
        text = self.calls.path(self.db)
        return text_or_none(text)

    def ecode(self):
        """Return the code of this thread's last failed call (never reset by success)."""
        return TCEINVALID if self.db == NULL else self.calls.ecode(self.db)

    @staticmethod
    def errmsg(int ecode):
        """Return the C library's message for an error code."""
        return tcerrmsg(ecode).decode()

    cdef void end_transaction(self):
        """Let the next thread begin."""
        if self.tran_owner:
            self.tran_owner = 0
            self.tran_lock.release()

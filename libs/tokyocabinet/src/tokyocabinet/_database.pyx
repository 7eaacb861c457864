"""Handles: opening and closing, locks, errors, transactions, whole-file commands.

Rules that every method of every database keeps:

1. `enter()` first, `leave()` last, both with the GIL held; between them the C library
   is called without the GIL. (The one exception reads memory only: see `at_rest`.) `enter()` refuses a handle that is closed, that came
   through fork(), or that this very thread is already inside of (from a callback).
2. With `mutex=True` (the default) any thread may use the handle at any time. Without,
   the handle belongs to one thread at a time, and a second one gets `ThreadError`
   instead of undefined behaviour. WHY a lock of ours in hash and tree databases, and
   not the C library's: that one is taken and dropped up to five times in each call,
   which costs as much as a read, and cannot be held over a block of records.
3. The C object lives until the Python object dies, also when it is closed; so cursors,
   queries and iterators, which hold a reference, never see freed memory.
4. The C library's error code is never reset by a success, so it is read only right
   after a call failed, under the same lock.
"""

import os
import threading

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)
from cpython.pythread cimport PyThread_get_thread_ident
from libc.limits cimport INT_MAX

from cpython.object cimport PyObject

from tokyocabinet import constant, header
from tokyocabinet.cabinet cimport (
    TCEINVALID, TCEKEEP, TCEMETA, TCEMISC, TCENOREC, TCETHREAD, TCLIST, tccmplexical, tcerrmsg, tclistdel, tclistnum, tclistval)
from tokyocabinet.error import error_for

cdef int forks = 0


def _count_fork():
    global forks
    forks += 1


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


cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        PyObject *tp_dict
    void PyType_Modified(PyTypeObject *)


cdef int name_constants(type kind, str prefix) except -1:
    """Put the C names on a class too, as in `HDB.HDBOWRITER`."""
    # SAFETY: compiled classes refuse setattr; writing to their dictionary before anyone
    # uses them and telling the method cache is what setattr would do.
    cdef PyTypeObject *target = <PyTypeObject *>kind
    cdef dict members = <dict>target.tp_dict
    for name in constant.__all__:
        if name.startswith(prefix) and name not in members:
            members[name] = getattr(constant, name)
    PyType_Modified(target)
    return 0


cdef extern from "yields.h":
    int yields_take_out()

# WHY here: every other module of the library needs this one first.
yields_take_out()


include "_argument.pxi"


cdef class Database:
    """A handle on one database file. The kinds of database are its subclasses.

    With `verify` (the default) a file is walked from its beginning to its end before the
    C library opens it, so that a damaged or hostile one raises `CorruptFileError` and cannot end the process. A file
    that this process closed or walked and that has not changed since is not walked again. False is for large files
    that nobody else can have touched.
    """

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
        if self.file is not None and self.is_open:
            header.open_files.discard(self.file)
        pthread_rwlock_destroy(&self.lock)
        pthread_mutex_destroy(&self.walk)

    def __init__(self, path=None, omode=0, *, mutex=True, verify=True):
        if path is not None and omode:
            self.open(path, omode)

    # -- rules 1 and 2

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
        if code == 0:
            code = TCEMISC
        raise error_for(
            code, tcerrmsg(code).decode(), None if code == TCENOREC else self.path())

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
            FileMissingError, NoPermissionError, CorruptFileError, LockError, DiskError: What they say.
            ThreadError: This process has the file open already.
            InvalidOperationError: This handle is open already.

        Releases the GIL: while it waits for the lock of another process, too.
        """
        cdef bytes name = path_bytes(path)
        cdef const char *cname = name
        cdef int bits = mode_bits(omode)
        cdef boolean ok
        cdef int code = 0
        cdef object token = None
        if self.is_open:
            raise error_for(
                TCEINVALID, "invalid operation: the handle is open already", self.path())
        if self.born != forks:
            raise error_for(TCETHREAD, "threading error: handle made before fork()")
        if self.busy:
            raise error_for(TCETHREAD, "threading error: the handle is being opened")
        self.busy = True
        try:
            if self.kind >= 0 and not bits & TRUNCATE:
                token = header.check(
                    name, bits, self.kind, verify=self.verify)
            with nogil:
                self.acquire()
                ok = self.calls.open(self.db, cname, bits)
                if not ok:
                    code = self.calls.ecode(self.db)
                self.release()
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
        self.file = header.identity(name)
        if self.file is not None:
            header.open_files.add(self.file)

    def close(self):
        """Write what is pending and close the file; does nothing when closed.

        An open transaction is aborted. Cursors, queries and iterators made before
        raise `InvalidOperationError` from now on.
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
        header.open_files.discard(self.file)
        if ok and self.name is not None and self.kind >= 0 and (self.verify or self.fresh):
            header.closed(self.name, self.file)
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
        return self.calls.ecode(self.db)

    @staticmethod
    def errmsg(int ecode):
        """Return the C library's message for an error code."""
        return tcerrmsg(ecode).decode()

    # -- the file as a whole

    def rnum(self):
        """Return the number of records."""
        return self.count(self.calls.rnum)

    def fsiz(self):
        """Return the size of the file in bytes."""
        return self.count(self.calls.fsiz)

    def __len__(self):
        return self.count(self.calls.rnum)

    def __bool__(self):
        return True

    def sync(self):
        """Write everything to the file and wait for the device."""
        self.simple(self.calls.sync)

    def vanish(self):
        """Remove all records."""
        self.simple(self.calls.vanish)

    def copy(self, path):
        """Write a copy of the database, as of now, to `path` (a hot backup).

        Writers in other threads wait meanwhile. `path` is always a file: a name that
        begins with "@", which the C library would run as a command, is taken literally.
        """
        cdef bytes name = path_bytes(path)
        if name.startswith(b"@"):
            name = b"./" + name
        self.copy_to(name)

    def copy_command(self, command):
        """Run `command` with the path and a time stamp while writers are kept out.

        The shell runs `COMMAND PATH MICROSECONDS`; the database is synced before.

        Raises:
            Error: The command's exit status was not 0 (or the sync failed).
        """
        self.copy_to(b"@" + path_bytes(command))

    cdef int copy_to(self, bytes name) except -1:
        cdef const char *cname = name
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            self.acquire()
            ok = self.calls.copy(self.db, cname)
            if not ok:
                code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)
        return 0

    def opaque(self):
        """Return the bytes in the file's header that are the user's own.

        128 of a hash or fixed-length database, 64 of a tree or a table; zeros at first.
        """
        cdef bytes result = bytes(self.calls.opaque_size)
        cdef char *data = PyBytes_AS_STRING(result)
        if self.calls.opaque == NULL:
            raise NotImplementedError
        self.enter()
        with nogil:
            self.acquire()
            memcpy(data, self.calls.opaque(self.db), self.calls.opaque_size)
            self.release()
        self.leave()
        return result

    def setopaque(self, data):
        """Write the bytes in the header that are the user's own, zeros behind them.

        Raises:
            ValueError: There are more than `opaque()` has.
            InvalidOperationError: The file is open for reading.
        """
        cdef bytes kept = raw(data)
        cdef const char *buffer
        if self.calls.opaque == NULL:
            raise NotImplementedError
        if len(kept) > self.calls.opaque_size:
            raise ValueError(f"at most {self.calls.opaque_size} bytes have room")
        kept += bytes(self.calls.opaque_size - len(kept))
        buffer = PyBytes_AS_STRING(kept)
        if self.is_open and not self.bits & 2:
            raise error_for(
                TCEINVALID, "invalid operation: the file is open for reading", self.path())
        self.enter()
        with nogil:
            self.acquire()
            memcpy(self.calls.opaque(self.db), buffer, self.calls.opaque_size)
            self.release()
        self.leave()

    def foreach(self, function):
        """Call `function(key, value)` for every record, until it returns False.

        The file is locked meanwhile, so the function must not use this handle
        (`ThreadError`); iterate where it has to. An exception ends the walk.
        """
        cdef Callback callback = Callback(self, function)
        cdef boolean ok
        cdef int code = 0
        if self.calls.foreach == NULL:
            raise NotImplementedError
        self.enter()
        with nogil:
            self.acquire()
            ok = self.calls.foreach(self.db, each_record, <void *>callback)
            if not ok:
                code = self.calls.ecode(self.db)
            self.release()
        self.leave()
        if not ok:
            self.fail(code)

    def setcodecfunc(self, encode, decode):
        """Pack what is stored with two functions from bytes to bytes; before `open`.

        The option `HDBTEXCODEC` (`BDBTEXCODEC`, `TDBTEXCODEC`) has to be tuned, and
        the same functions be set whenever the file is opened. They must not use the
        handle, and `decode(encode(x)) == x` is on the caller.
        """
        cdef Callback packer = Callback(self, encode)
        cdef Callback opener = Callback(self, decode)
        self.enter_closed()
        if self.calls.setcodecfunc == NULL:
            raise NotImplementedError
        if not self.calls.setcodecfunc(
            self.db, transcode, <void *>packer, transcode, <void *>opener
        ):
            self.fail(self.calls.ecode(self.db))
        if self.kept is None:
            self.kept = []
        # WHY kept for good: the C library has no call that forgets a function.
        self.kept.extend([packer, opener])

    # -- transactions

    def tranbegin(self, timeout=None):
        """Begin a transaction; waits while another thread has one open.

        Args:
            timeout: Seconds to wait at most; None waits without limit.

        Raises:
            InvalidOperationError: This thread has one open, or the file is open for reading.
            ThreadError: The time is over.
        """
        cdef unsigned long me = PyThread_get_thread_ident()
        if not self.is_open:
            self.enter()
        if self.tran_owner == me:
            raise error_for(
                TCEINVALID, "invalid operation: this thread has a transaction open")
        if not self.tran_lock.acquire(timeout=-1 if timeout is None else timeout):
            raise error_for(TCETHREAD, "threading error: no transaction within the time")
        self.tran_owner = me
        try:
            self.simple(self.calls.begin)
        except BaseException:
            self.end_transaction()
            raise

    def trancommit(self):
        """Keep what was written since `tranbegin`."""
        self.need_transaction()
        try:
            self.simple(self.calls.commit)
        finally:
            self.end_transaction()

    def tranabort(self):
        """Undo what was written since `tranbegin`."""
        self.need_transaction()
        try:
            self.simple(self.calls.abort)
        finally:
            self.end_transaction()

    cdef int need_transaction(self) except -1:
        if self.is_open and not self.tran_owner:
            raise error_for(TCEINVALID, "invalid operation: no transaction is open")
        return 0

    cdef void end_transaction(self):
        """Let the next thread begin."""
        if self.tran_owner:
            self.tran_owner = 0
            self.tran_lock.release()

    def transaction(self, timeout=None):
        """Return a context manager: commit at its end, abort on an exception."""
        return Transaction(self, timeout)


cdef class Transaction:
    """`with db.transaction():` begins, then commits, or aborts on an exception."""

    cdef Database owner
    cdef object timeout

    def __init__(self, Database owner not None, timeout=None):
        self.owner = owner
        self.timeout = timeout

    def __enter__(self):
        self.owner.tranbegin(self.timeout)
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.owner.trancommit()
        elif self.owner.is_open and self.owner.tran_owner:
            self.owner.tranabort()


include "_callback.pxi"
include "_record.pxi"
include "_block.pxi"

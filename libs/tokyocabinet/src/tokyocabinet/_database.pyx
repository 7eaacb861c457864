"""Databases: what every kind does with the file as a whole, and its transactions.

Rules that every method of every database keeps:

1. `enter()` first, `leave()` last, both with the GIL held; between them the C library
   is called without the GIL. (The one exception reads memory only: see `at_rest`.)
   `enter()` refuses a handle that is closed, that came through fork(), or that this very
   thread is already inside of (from a callback).
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

from libc cimport errno
from libc.limits cimport INT_MAX
from libc.math cimport isfinite, isinf
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport malloc
from libc.string cimport memcpy

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE)
from cpython.number cimport PyNumber_Index
from cpython.object cimport PyObject
from cpython.pythread cimport PyThread_get_thread_ident
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM

from tokyocabinet import constant, header
from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport *
from tokyocabinet.calls cimport *
from tokyocabinet.error import error_for
from tokyocabinet.view import RecordItems, RecordKeys, RecordValues

cdef extern from "yields.h":
    int yields_take_out()

cdef extern from "growth.h":
    int growth_reserve()

cdef extern from "tree_rewrite.h":
    int rewrite_everywhere()

cdef extern from "replace.h":
    int replace_in_one_step()

# WHY here: every other module of the library needs this one first.
yields_take_out()
growth_reserve()
rewrite_everywhere()
replace_in_one_step()

cdef object missing = object()      # stands for no record


include "_constant.pxi"
include "_argument.pxi"
include "_handle.pxi"
include "_callback.pxi"
include "_transaction.pxi"


cdef class Database(Handle):
    """One database file. The kinds of database are its subclasses.

    With `verify` (the default) a file is walked from its beginning to its end before the
    C library opens it, so that a damaged or hostile one raises `CorruptFileError` and
    cannot end the process. A file that this process closed or walked and that has not
    changed since is not walked again. False is for large files that nobody else can have
    touched.

    Errors: every method may raise `InvalidOperationError` (closed, open for reading, or
    not while a transaction is open), `ThreadError` (see `mutex`, and handles that came
    through fork()) and `DiskError`; the docstrings name what else there is.

    GIL and threads: whatever may touch the disk releases the GIL. With `mutex` (the
    default) any number of threads may use a handle.

    Lifetime: cursors, queries, views and iterators keep the handle alive; once it is
    closed they raise `InvalidOperationError`. A handle that is dropped closes itself.
    """

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
        """Write everything to the file and wait for the device.

        Takes as long as the device does, often some milliseconds, without the GIL; others
        who want this handle wait. Not inside a transaction, whose end does the same.
        """
        self.simple(self.calls.sync)

    def vanish(self):
        """Remove all records. Not inside a transaction."""
        self.simple(self.calls.vanish)

    def copy(self, path):
        """Write a copy of the database, as of now, to `path` (a hot backup).

        Waits until no transaction is open; other threads write when it is over. `path` is always a file: a name that
        begins with "@", which the C library would run as a command, is taken literally.
        A file that is there is overwritten. What was written of a copy that failed stays.

        The database stays locked against other processes all the while, also against one
        that waits for it: so it is on Linux, whose locks of open files this takes. Where
        there are none, the lock is lost and taken again; a process that is quicker is the
        `LockError` that names the database itself.

        Raises:
            ThreadError: This process has the file at `path` open, maybe as this one.
            LockError: Another process has it open.
            FileMissingError: There is no folder for the copy.
            NoPermissionError: The copy must not be written.
            DiskError: It cannot be; the message has the operating system's reason.
            InvalidOperationError: This thread has a transaction open; or a tree or the
                index of a table is open for reading.
        """
        cdef bytes name = path_bytes(path)
        if name.startswith(b"@"):
            name = b"./" + name
        header.check_target(name)
        self.copy_to(name, name)

    def copy_command(self, command):
        """Run `command` with the path and a time stamp while writers are kept out.

        The shell runs `COMMAND PATH MICROSECONDS`; the database is synced before. Waits
        until no transaction is open.

        Raises:
            Error: The command's exit status was not 0 (or the sync failed).
        """
        self.copy_to(b"@" + path_bytes(command), None)

    cdef int copy_to(self, bytes name, bytes target) except -1:
        """Call the C library's copy; `target` is the file, None when it is a command."""
        if self.is_open and self.tran_owner == PyThread_get_thread_ident():
            raise error_for(
                TCEINVALID, "invalid operation: this thread has a transaction open",
                self.path())
        # SAFETY: a tree copies itself inside a transaction, and would wait for the end of
        # another one under the lock that this end needs.
        with self.tran_lock:
            return self.copy_now(name, target)

    cdef int copy_now(self, bytes name, bytes target) except -1:
        cdef const char *cname = name
        cdef bint held
        cdef bint broken = False
        cdef boolean ok
        cdef int code = 0
        cdef int reason = 0
        self.enter()
        with nogil:
            self.acquire()
            if self.calls.locks != NULL:
                self.calls.locks(self.db, file_lock_keep)
            if self.calls.copy_fault != NULL:
                broken = self.calls.copy_fault(self.db, False)
            errno.errno = 0
            ok = self.calls.copy(self.db, cname)
            if not ok:
                reason = errno.errno
                code = self.calls.ecode(self.db)
                if self.calls.copy_fault != NULL and not broken:
                    self.calls.copy_fault(self.db, True)
            held = self.calls.locks == NULL or self.calls.locks(
                self.db, file_lock_again)
            self.release()
        self.leave()
        if not held:
            raise error_for(
                TCELOCK, "lock error: another process opened the database while it was"
                " copied; close it", self.path())
        if not ok:
            self.copy_failed(code, reason, name, target)
        return 0

    cdef int copy_failed(self, int code, int reason, bytes name, bytes target) except -1:
        """Raise what says why there is no copy: the C library has one code for all."""
        if target is None and code != TCEINVALID:
            # WHY not the code: a command that fails does not set it.
            raise error_for(
                TCEMISC, f"{tcerrmsg(TCEMISC).decode()}: the command failed:"
                f" {os.fsdecode(name[1:])}", self.path())
        if code != TCEMISC:
            self.fail(code)
        if reason == errno.ENOENT:
            code = TCENOFILE
        elif reason == errno.EACCES or reason == errno.EPERM:
            code = TCENOPERM
        elif reason in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            code = TCEWRITE
        elif reason:
            code = TCEOPEN
        why = os.strerror(reason) if reason else "the C library does not say why"
        raise error_for(
            code, f"{tcerrmsg(code).decode()}: no copy: {why}", os.fsdecode(target))

    def opaque(self):
        """Return the bytes in the file's header that are the user's own.

        128 of a hash or fixed-length database, 64 of a tree or a table; zeros at first.
        """
        cdef bytes result = bytes(self.calls.opaque_size)
        cdef char *data = PyBytes_AS_STRING(result)
        self.enter()
        if self.calls.opaque == NULL:
            self.leave()
            raise error_for(
                TCEINVALID, "invalid operation: this kind of database has no such bytes")
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
        if len(kept) > self.calls.opaque_size:
            raise ValueError(f"at most {self.calls.opaque_size} bytes have room")
        kept += bytes(self.calls.opaque_size - len(kept))
        buffer = PyBytes_AS_STRING(kept)
        if self.is_open and (self.calls.opaque == NULL or not self.bits & WRITER):
            self.fail(TCEINVALID)
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
            raise error_for(
                TCEINVALID, "invalid operation: this kind of database packs nothing")
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
            InvalidOperationError: This thread has one open, or the file is for reading.
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

    def transaction(self, timeout=None):
        """Return a context manager: commit at its end, abort on an exception."""
        return Transaction(self, timeout)


cdef bint table_locks(void *db, lock_call call) noexcept nogil:
    """Do something to the locks of a table and of its indexes."""
    cdef TCTDB *tdb = <TCTDB *>db
    cdef TCHDB *hdb = tdb.hdb
    cdef bint held = call(hdb.fd, hdb.omode)
    cdef int index
    for index in range(tdb.inum):
        hdb = (<TCBDB *>tdb.idxs[index].db).hdb
        held &= call(hdb.fd, hdb.omode)
    return held


cdef bint table_copy_fault(void *db, bint mend) noexcept nogil:
    cdef TCTDB *tdb = <TCTDB *>db
    cdef bint fault = copy_fault_hash(tdb.hdb, mend)
    cdef int index
    for index in range(tdb.inum):
        fault |= copy_fault_tree(<TCBDB *>tdb.idxs[index].db, mend)
    return fault


include "_mapping.pxi"
include "_record.pxi"
include "_bulk.pxi"
include "_block.pxi"

"""The abstract database: the name picks the kind, `*` and `+` live in memory.

The C library keeps no error code for this kind and forgets the one of the database
behind it when opening fails; both are made up for here.
"""

import os

from libc.limits cimport INT_MAX
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from tokyocabinet import header
from tokyocabinet._database cimport *
from tokyocabinet._hash cimport hash_room
from tokyocabinet._tree cimport BDB
from tokyocabinet.arena cimport *
from tokyocabinet.cabinet cimport *
from tokyocabinet.calls cimport *
from tokyocabinet.error import Error, error_for

cdef object missing = object()

cdef extern from "fixed_room.h" nogil:
    ctypedef struct FixedRoom:
        pass
    int FIXED_NO_NUMBER, FIXED_WOULD_CUT
    int fixed_room(TCFDB *fdb, FixedRoom *room, int64_t id)
    int fixed_optimize(TCFDB *fdb, int32_t width, int64_t limsiz)

cdef frozenset STORING = frozenset(
    (b"put", b"putkeep", b"putcat", b"putdup", b"putdupback", b"putlist"))
cdef dict MODE_LETTERS = {"w": 2, "c": 2 | 4, "t": 8, "e": 1 << 4, "f": 1 << 5}


include "_abstract_calls.pxi"


cdef boolean emit(
    void *map, const char *kbuf, int ksiz, const char *vbuf, int vsiz, void *op
) noexcept with gil:
    cdef Callback callback = <Callback>op
    cdef object result = callback.call((
        PyBytes_FromStringAndSize(kbuf, ksiz), PyBytes_FromStringAndSize(vbuf, vsiz)))
    cdef bytes key, value
    try:
        if result is None:
            return True
        for one, two in result:
            key = raw(one)
            value = raw(two)
            if not tcadbmapbdbemit(
                map, PyBytes_AS_STRING(key), <int>PyBytes_GET_SIZE(key),
                PyBytes_AS_STRING(value), <int>PyBytes_GET_SIZE(value),
            ):
                return False
        return True
    except BaseException as error:
        callback.failed(error)
        return False


cdef class ADB(BulkDatabase):
    """ADB(name=None, *, mutex=True, verify=True)\n--\n
    An abstract database: one interface to every kind.

    Errors, threads, the GIL and lifetimes are as `Database` says.

    Args:
        name: Opened at once when given; see `open`.
        mutex: Let several threads use this handle.
        verify: Walk a file before opening it; see `Database`.
    """

    def __cinit__(self, *args, **kwargs):
        cdef Calls *calls = &self.calls
        self.db = tcadbnew()
        self.locked = self.mutex
        calls.delete = <free_call>tcadbdel
        calls.ecode = code_of
        calls.open = open_name
        calls.close = close
        calls.sync = sync
        calls.vanish = vanish
        calls.copy = copy
        calls.locks = locks
        calls.copy_fault = copy_fault
        calls.room = room
        calls.begin = begin
        calls.commit = commit
        calls.abort = abort
        calls.path = <text_call>tcadbpath
        calls.rnum = <count_call>tcadbrnum
        calls.fsiz = <count_call>tcadbsize
        calls.put = put
        calls.putkeep = putkeep
        calls.putcat = putcat
        calls.out = out
        calls.vsiz = vsiz
        calls.fetch = fetch
        calls.fwmkeys = <prefix_call>tcadbfwmkeys
        calls.putproc = putproc
        calls.foreach = foreach

    def __init__(self, name=None, *, mutex=True, verify=True):
        if name is not None:
            self.open(name)

    def open(self, name):
        """Open a database by its name.

        Args:
            name: `*` a hash and `+` a tree in memory; otherwise a path that ends in
                .tch, .tcb, .tcf or .tct. Tuning follows behind `#` signs, as in
                `casket.tcb#mode=r#lcnum=4096`: mode (w r c t e f), bnum, apow, fpow,
                opts (l d b t), rcnum, lcnum, ncnum, lmemb, nmemb, xmsiz, dfunit,
                width, limsiz, capnum, capsiz, idx=COLUMN:TYPE.
        """
        cdef object token = None
        cdef int bits
        cdef str path, tuning, letters
        if self.is_open:
            raise error_for(
                TCEINVALID, "invalid operation: the handle is open already", self.path())
        path, _, tuning = os.fsdecode(path_bytes(name)).partition("#")
        cdef int kind = next(
            (index for index, ending in enumerate((".tch", ".tcb", ".tcf", ".tct"))
             if path.lower().endswith(ending)), -1)
        if kind >= 0:
            letters = next(
                (part[5:] for part in tuning.split("#") if part.startswith("mode=")),
                "wc")
            # SPEC: of the mode, w writes, c creates, t empties, e takes no lock and f
            # does not wait for one.
            bits = 0
            for letter, bit in MODE_LETTERS.items():
                if letter in letters:
                    bits |= bit
            token = header.check(
                os.fsencode(path), bits or 1, kind, verify=self.verify)
        try:
            BulkDatabase.open(self, name, 1)
        except Error as error:
            header.finished(token)
            token = None
            self.explain(os.fsdecode(name))
            raise error_for(
                TCEMISC, "the database could not be opened", os.fsdecode(name)
            ) from error
        finally:
            header.finished(token)
        if not header.still_there(os.fsencode(path), token):
            self.close()
            ADB.open(self, name)
            return
        if kind >= 0:
            self.name = os.fsencode(path)
            self.claim(self.name, kind)

    cdef int explain(self, str name) except -1:
        """Raise the error that opening the file behind a name as itself raises."""
        from tokyocabinet._fixed import FDB
        from tokyocabinet._hash import HDB
        from tokyocabinet._table import TDB
        path, _, tuning = name.partition("#")
        kind = {".tch": HDB, ".tcb": BDB, ".tcf": FDB, ".tct": TDB}.get(
            os.path.splitext(path)[1].lower())
        if kind is None:
            if path not in ("*", "+"):
                raise error_for(
                    TCEINVALID, "invalid operation: the name is not *, + or a path"
                    " that ends in .tch, .tcb, .tcf or .tct", name)
            return 0
        with kind() as probe:
            probe.open(path, READ_WITHOUT_WAITING)
        return 0

    def fsiz(self):
        """Return the size of the database in bytes, on disk or in memory."""
        return self.count(self.calls.fsiz)

    size = fsiz

    def omode(self):
        """Return the kind that is open: `ADBOMDB`, `ADBOHDB` and so on; 0 if closed."""
        return tcadbomode(<TCADB *>self.db) if self.is_open else 0

    def optimize(self, params=""):
        """Rewrite the file; `params` is the tuning part of a name, as in `bnum=1000`."""
        cdef bytes text = os.fsencode(params)
        cdef const char *ctext = text
        cdef boolean ok
        cdef int code = 0
        cdef int32_t width = 0
        cdef int64_t limsiz = 0
        if self.omode() == ADBOFDB:
            width, limsiz = fixed_params(text)
        self.enter()
        with nogil:
            self.acquire()
            if tcadbomode(<TCADB *>self.db) == ADBOFDB:
                code = fixed_optimize(
                    <TCFDB *>tcadbreveal(<TCADB *>self.db), width, limsiz)
                ok = code == 0
            else:
                ok = plain(<TCADB *>self.db, tcadboptimize(<TCADB *>self.db, ctext))
                if not ok:
                    code = abstract_code
            self.release()
        self.renamed()
        self.leave()
        if code == FIXED_NO_NUMBER or code == FIXED_WOULD_CUT:
            raise ValueError("there are records that would be cut or have no place")
        if not ok:
            self.fail(code)

    def misc(self, name, args=()):
        """Call one of the C library's functions by name.

        Args:
            name: put, out, get, putlist, outlist, getlist, getpart, iterinit, iternext,
                sync, optimize, vanish, regex, error, cacheclear, defrag; trees also
                putdup, putdupback, range; tables setindex, search, metasearch, genuid.
            args: What the function takes, as bytes.

        Returns:
            A list of bytes.

        Raises:
            Error: The function failed or there is none of that name.
        """
        cdef bytes text = os.fsencode(name)
        cdef const char *ctext = text
        cdef list given = [raw(each) for each in args]
        cdef bytes each_given
        cdef TCLIST *arguments
        cdef TCLIST *answer = NULL
        cdef bint stores = text in STORING
        cdef int code = 0
        if b"\0" in text:
            raise ValueError("embedded null byte in name")
        if self.omode() == ADBOTDB:
            self.check_misc(text, given)
        elif self.omode() == ADBOFDB and text == b"optimize":
            self.optimize(given[0] if given else b"")
            return []
        self.enter()
        arguments = tclistnew()
        for each_given in given:
            tclistpush(
                arguments, PyBytes_AS_STRING(each_given),
                <int>PyBytes_GET_SIZE(each_given))
        with nogil:
            self.acquire()
            forget(<TCADB *>self.db)
            if stores:
                code = room_for_all(self.db, arguments)
            if code == 0:
                answer = tcadbmisc(<TCADB *>self.db, ctext, arguments)
                if answer == NULL:
                    learn(<TCADB *>self.db, TCEMISC)
                    code = abstract_code
            self.release()
            tclistdel(arguments)
        result = list_of(answer)
        if text == b"optimize":
            self.renamed()
        self.leave()
        if answer == NULL:
            self.fail(code)
        return result

    cdef int check_misc(self, bytes name, list given) except -1:
        # LIMIT: see `acceptable`.
        if name in (b"put", b"putkeep", b"putcat", b"putlist") and b"" in given:
            raise error_for(
                TCEINVALID, "invalid operation: empty keys, names and values reach a"
                " table only through TDB")
        if name == b"setindex":
            raise error_for(TCEINVALID, "invalid operation: use TDB.setindex")
        return 0

    def mapbdb(self, BDB target not None, function, keys=None, int64_t csiz=-1):
        """Map records into a B+ tree: the map half of map and reduce.

        Args:
            target: Opened for writing; what is emitted is stored there, with
                duplicates and sorted in memory first.
            function: Called with each key and value; returns the (key, value) pairs to
                emit, or None. It must use neither database.
            keys: The keys to map; None = every record.
            csiz: Bytes of memory for sorting; negative = 256 MiB.
        """
        cdef Callback callback = Callback(self, function)
        cdef TCLIST *chosen = NULL
        cdef bytes key
        cdef list given = None if keys is None else [raw(each) for each in keys]
        cdef boolean ok
        cdef int code = 0
        self.enter()
        try:
            target.enter()
        except BaseException:
            self.leave()
            raise
        if given is not None:
            chosen = tclistnew()
            for key in given:
                tclistpush(chosen, PyBytes_AS_STRING(key), <int>PyBytes_GET_SIZE(key))
        with nogil:
            self.acquire()
            target.acquire()
            ok = tcadbmapbdb(
                <TCADB *>self.db, chosen, <TCBDB *>target.db, emit, <void *>callback,
                csiz)
            if not ok:
                learn(<TCADB *>self.db, TCEMISC)
                code = abstract_code
            target.release()
            self.release()
            if chosen != NULL:
                tclistdel(chosen)
        target.leave()
        self.leave()
        if not ok:
            self.fail(code)

    # -- iteration: over the keys as they were when it began

    cdef list snapshot(self):
        # A fixed-length database takes an interval where others take a prefix.
        return self.fwmkeys(b"[min,max]" if self.omode() == ADBOFDB else b"")

    def __iter__(self):
        return iter(self.snapshot())

    def iterkeys(self):
        """Return an iterator over the keys that are there now."""
        return iter(self.snapshot())

    def itervalues(self):
        """Return an iterator over the values of the keys that are there now."""
        return (value for _, value in pairs(self, self.snapshot()))

    def iteritems(self):
        """Return an iterator over (key, value) of the keys that are there now."""
        return pairs(self, self.snapshot())


cdef tuple fixed_params(bytes params):
    """Return the width and the limit that tuning text asks for; 0 = as they are."""
    found = dict(
        part.strip().partition(b"=")[::2] for part in params.lower().split(b"#"))
    return (
        tcatoi(<bytes>found.get(b"width", b"")), tcatoi(<bytes>found.get(b"limsiz", b"")))


def pairs(ADB owner, list keys):
    """Yield (key, value) for each of `keys` that is still there."""
    cdef Py_ssize_t first
    for first in range(0, len(keys), 256):
        part = keys[first:first + 256]
        for pair in zip(part, owner.get_many(part, missing)):
            if pair[1] is not missing:
                yield pair


READ_WITHOUT_WAITING = 1 | 1 << 5   # the bits are alike for every kind

name_constants(ADB, "ADB")

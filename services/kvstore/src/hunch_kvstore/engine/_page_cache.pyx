# cython: boundscheck=False, wraparound=False
"""The ends of long ranges of keys, as they are asked for over and over.

"The newest 30" of a sorted set is the same 30 keys until something is written among
them, but a scan over a memory table and several segments takes a microsecond a key. A
page holds the first keys of a range, or the last ones, as all layers together have them,
and the reply that was last made of them. Every write is told to the cache and put into
the page it concerns, so a page is never stale; a deleted range clears all of them.
Freezing, sealing and merging change no key.

A range is all keys with the same first `PREFIX` bytes. Only keys are kept, so only what
does not look at values may be answered from here.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t
from libc.string cimport memset

from hunch_kvstore.engine._order cimport compare

cdef enum:
    KEY = 41        # a bytes object and its place in the list
    PAGE = 400      # a page with its list and its place in the dict


cdef class Page:
    """One end of a range: its keys, nearest to the end first.

    `edge` is how far the page knows the range; None is all of it.
    """

    cdef int note(self, bytes key, bint is_there) except -1:
        """Take in that a key is there from now on, or not."""
        cdef Py_ssize_t low = 0
        cdef Py_ssize_t high = PyList_GET_SIZE(self.keys)
        cdef Py_ssize_t middle
        cdef int order
        if self.edge is not None:
            order = compare(key, self.edge)
            if order < 0 if self.reverse else order > 0:
                return 0
        while low < high:
            middle = (low + high) >> 1
            order = compare(<bytes>PyList_GET_ITEM(self.keys, middle), key)
            if order > 0 if self.reverse else order < 0:
                low = middle + 1
            else:
                high = middle
        cdef bint was_there = (
            low < PyList_GET_SIZE(self.keys)
            and compare(<bytes>PyList_GET_ITEM(self.keys, low), key) == 0)
        if was_there == is_there:
            return 0
        if is_there:
            self.keys.insert(low, key)
            self.size_bytes += KEY + PyBytes_GET_SIZE(key)
            if PyList_GET_SIZE(self.keys) > MOST_KEYS:
                key = self.keys.pop()
                self.size_bytes -= KEY + PyBytes_GET_SIZE(key)
                self.edge = <bytes>PyList_GET_ITEM(
                    self.keys, PyList_GET_SIZE(self.keys) - 1)
        else:
            del self.keys[low]
            self.size_bytes -= KEY + PyBytes_GET_SIZE(key)
        if self.reply is not None:
            self.size_bytes -= PyBytes_GET_SIZE(self.reply)
            self.reply = None
        return 0


cdef class PageCache:
    """Pages by the prefix of their range.

    Attributes:
        size_bytes: What they take now.
        limit_bytes: What they may take.
    """

    def __init__(self, Py_ssize_t limit_bytes):
        self.limit_bytes = limit_bytes
        self.clear()

    def __len__(self):
        return len(self.forward) + len(self.backward)

    def clear(self):
        """Forget everything."""
        self.forward = {}
        self.backward = {}
        self.size_bytes = 0
        memset(self.letters, 0, sizeof(self.letters))

    cdef Page find(self, bytes prefix, bint reverse):
        """Return a page, None if there is none."""
        cdef PyObject *found = PyDict_GetItem(
            self.backward if reverse else self.forward, prefix)
        return None if found is NULL else <Page>found

    cdef Page keep(self, bytes prefix, bint reverse, list keys, bint whole):
        """Keep the `keys` of one end, and return the page.

        Args:
            prefix: Of the range.
            reverse: Whether it is the far end, the last key first.
            keys: Not empty unless they are all.
            whole: Whether the range has no more.
        """
        cdef Page page = Page()
        cdef dict pages = self.backward if reverse else self.forward
        cdef bytes key
        page.keys = keys
        page.reverse = reverse
        page.edge = None if whole else keys[len(keys) - 1]
        page.size_bytes = PAGE
        for key in keys:
            page.size_bytes += KEY + PyBytes_GET_SIZE(key)
        old = pages.pop(prefix, None)
        if old is not None:
            self.size_bytes -= (<Page>old).size_bytes
        if page.size_bytes <= self.limit_bytes // 2:
            pages[prefix] = page
            page.kept = True
            self.letters[<uint8_t>PyBytes_AS_STRING(prefix)[0]] = True
            self.size_bytes += page.size_bytes
            self.make_room(page)
        return page

    cdef int keep_reply(
        self, Page page, Py_ssize_t skip, Py_ssize_t most, bint turned, bytes reply
    ) except -1:
        """Keep what was answered with the keys `skip` to `skip + most` of a page."""
        cdef Py_ssize_t more = PyBytes_GET_SIZE(reply)
        if not page.kept:
            return 0
        if page.reply is not None:
            more -= PyBytes_GET_SIZE(page.reply)
        page.reply = reply
        page.reply_skip = skip
        page.reply_most = most
        page.reply_turned = turned
        page.size_bytes += more
        self.size_bytes += more
        return self.make_room(page)

    cdef int note(self, bytes key, bint is_there) except -1:
        """Tell the pages of a key written or deleted."""
        cdef bytes prefix
        cdef Page page
        cdef Py_ssize_t before
        if PyBytes_GET_SIZE(key) < PREFIX:
            return 0
        if not self.letters[<uint8_t>PyBytes_AS_STRING(key)[0]]:
            return 0  # PERF: most kinds of keys have no pages at all
        prefix = PyBytes_FromStringAndSize(PyBytes_AS_STRING(key), PREFIX)
        for pages in (self.forward, self.backward):
            found = (<dict>pages).get(prefix)
            if found is not None:
                page = <Page>found
                before = page.size_bytes
                page.note(key, is_there)
                self.size_bytes += page.size_bytes - before
        return 0

    cdef int make_room(self, Page beside) except -1:
        """Let the oldest pages go until the rest fits, all but one."""
        cdef Page page
        cdef dict pages
        while self.size_bytes > self.limit_bytes and len(self) > 1:
            pages = self.forward if len(self.forward) > 1 or not self.backward else (
                self.backward)
            prefix = next(iter(pages))
            page = <Page>pages.pop(prefix)
            if page is beside:
                pages[prefix] = page  # it goes to the end
                continue
            self.size_bytes -= page.size_bytes
        return 0

# cython: boundscheck=False, wraparound=False
"""A layer: what one stretch of commits did to the keyspace, in memory.

The memory table is a layer, the writes of an open transaction are a layer, and a sealed
segment is a layer on disk. Rules of all three:

* A layer first deletes its ranges from everything older, then sets its points; a point
  with the value None is a deleted key. So `delete_range` on a layer drops the points it
  already holds there, and no entry needs a sequence number.
* Looking up goes from the newest layer to the oldest and stops at the first that knows
  the key, by a point or by a range.

Theory of operation: a dict holds the points, and the keys lie in order in blocks of up
to 512. Keys are put in order only when somebody scans: a store that is only asked by key
pays one dict operation for a write.
"""

from bisect import bisect_left, bisect_right
from enum import Enum

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_SetItem
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t
from libc.string cimport memcmp, memset

from hunch_kvstore.engine._order cimport is_before


cdef extern from * nogil:
    """
    #include <stdlib.h>
    #ifdef __GLIBC__
    #include <malloc.h>
    #define give_freed_back() malloc_trim(0)
    #else
    #define give_freed_back() 0
    #endif
    """
    int give_freed_back()


def give_back():
    """Return memory that was freed to the system.

    WHY: a table that was sealed leaves its 64 MiB in holes between younger records, and
    the C library keeps them: a store that had taken in 200,000 documents of 2 KB held
    five times what it used. Releases the GIL.
    """
    with nogil:
        give_freed_back()


class Missing(Enum):
    """The type of `MISSING`, which says that a layer knows nothing of a key."""

    MISSING = 0


MISSING = Missing.MISSING

cdef enum:
    # What CPython 3.11 takes for an entry beside the bytes: two bytes objects (33 each,
    # rounded up), its share of the dict (about 100) and of the order (16).
    ENTRY = 190
    BLOCK = 512
    FIRST_CHUNK = 16
    MOST_CHUNK = 256


ENTRY_BYTES = ENTRY


cdef inline Py_ssize_t place_in(list keys, bytes key, bint after) noexcept:
    """Return how many of the sorted `keys` come before `key`, or are it (`after`)."""
    cdef Py_ssize_t low = 0
    cdef Py_ssize_t high = PyList_GET_SIZE(keys)
    cdef Py_ssize_t middle
    while low < high:
        middle = (low + high) >> 1
        if after:
            if is_before(key, <bytes>PyList_GET_ITEM(keys, middle)):
                high = middle
            else:
                low = middle + 1
        elif is_before(<bytes>PyList_GET_ITEM(keys, middle), key):
            low = middle + 1
        else:
            high = middle
    return low


cdef inline Py_ssize_t bucket(bytes key) noexcept:
    """Return a number for the first two bytes of a key."""
    cdef const uint8_t *at = <const uint8_t *>PyBytes_AS_STRING(key)
    if PyBytes_GET_SIZE(key) < 2:
        return 0
    return (at[0] * 31 + at[1]) % BUCKETS


cdef class RangeSet:
    """Half-open ranges [start, stop) of keys, merged where they touch.

    A stop of None is the end of the keyspace.
    """

    def __cinit__(self):
        self.starts = []
        self.stops = []
        self.tail = None  # from here on everything is deleted
        self.any = False

    def __bool__(self):
        return self.any

    def __len__(self):
        return len(self.starts) + (self.tail is not None)

    def __iter__(self):
        pairs = list(zip(self.starts, self.stops))
        if self.tail is not None:
            pairs.append((self.tail, None))
        return iter(pairs)

    def add(self, bytes start not None, bytes stop):
        """Add [start, stop); a range that holds no key is ignored."""
        if stop is not None and stop <= start:
            return
        tail = self.tail
        if tail is not None:
            if start >= tail:
                return
            if stop is None or stop >= tail:
                stop = None
        cdef Py_ssize_t first = bisect_left(self.stops, start)
        cdef Py_ssize_t last = len(self.starts)
        if stop is not None:
            last = bisect_right(self.starts, stop)
        if first < last:
            start = min(start, self.starts[first])
            if stop is not None:
                stop = max(stop, self.stops[last - 1])
        if stop is None:
            del self.starts[first:]
            del self.stops[first:]
            self.tail = start
        else:
            self.starts[first:last] = [start]
            self.stops[first:last] = [stop]
        self.any = True

    cdef bint holds(self, bytes key):
        if not self.any:
            return False
        if self.tail is not None and not is_before(key, self.tail):
            return True
        cdef Py_ssize_t place = place_in(self.starts, key, True) - 1
        return place >= 0 and is_before(key, <bytes>self.stops[place])

    def covers(self, bytes key not None):
        """Whether `key` lies in one of the ranges."""
        return self.holds(key)

    def around(self, bytes key not None):
        """Return the range that holds `key`, or None."""
        if self.tail is not None and key >= self.tail:
            return self.tail, None
        cdef Py_ssize_t place = place_in(self.starts, key, True) - 1
        if place >= 0 and key < self.stops[place]:
            return self.starts[place], self.stops[place]
        return None


cdef class Layer:
    """Points and ranges, with ordered scans."""

    def __cinit__(self):
        self.points = {}
        self._ranges = None
        self.size_bytes = 0
        self.blocks = None  # None: nobody has scanned yet
        self.fresh = []     # keys not yet in the blocks
        memset(self.begins, 0, sizeof(self.begins))

    def __bool__(self):
        return len(self.points) > 0 or (self._ranges is not None and self._ranges.any)

    @property
    def ranges(self):
        """What the layer deletes from everything older."""
        if self._ranges is None:
            self._ranges = RangeSet()
        return self._ranges

    def range_list(self):
        """Return the ranges as a list of pairs."""
        if self._ranges is None or not self._ranges.any:
            return []
        return list(self._ranges)

    cdef void store(self, bytes key, value) except *:
        cdef PyObject *old = PyDict_GetItem(self.points, key)
        if old is NULL:
            self.fresh.append(key)
            self.begins[bucket(key)] += 1
            self.size_bytes += ENTRY + PyBytes_GET_SIZE(key)
        elif <object>old is not None:
            self.size_bytes -= PyBytes_GET_SIZE(<object>old)
        if value is not None:
            self.size_bytes += PyBytes_GET_SIZE(<bytes?>value)
        PyDict_SetItem(self.points, key, value)

    def put(self, bytes key not None, bytes value):
        """Set a point; the value None deletes the key."""
        self.store(key, value)

    def delete_range(self, bytes start not None, bytes stop):
        """Drop the points in [start, stop) and remember the range."""
        if stop is not None and stop <= start:
            return
        self.drop(start, stop)
        self.ranges.add(start, stop)

    def drop(self, bytes start not None, bytes stop):
        """Drop the points in [start, stop) without remembering anything."""
        cdef list block
        cdef Py_ssize_t index = 0
        cdef Py_ssize_t first, last
        cdef bytes key
        if not self.points:
            return
        if stop is None and not start:
            self.points.clear()
            self.fresh.clear()
            self.blocks = None
            self.size_bytes = 0
            memset(self.begins, 0, sizeof(self.begins))
            return
        self.arrange()
        index = self.block_of(start, False)
        while index < len(self.blocks):
            block = self.blocks[index]
            first = place_in(block, start, False)
            last = len(block) if stop is None else place_in(block, stop, False)
            if first >= last and last < len(block):
                return
            for key in block[first:last]:
                value = self.points.pop(key)
                self.begins[bucket(key)] -= 1
                self.size_bytes -= ENTRY + len(key)
                if value is not None:
                    self.size_bytes -= len(value)
            whole = last == len(block)
            if first == 0 and whole:
                del self.blocks[index]
            else:
                del block[first:last]
                index += 1
            if not whole:
                return

    def apply(self, dict points not None, list ranges not None, *, bint remember=True):
        """Apply a commit.

        Args:
            points: Key to value, or None where it is deleted.
            ranges: Deleted before the points are set.
            remember: False where nothing older exists, so the ranges have done their
                work when the points are dropped.
        """
        for start, stop in ranges:
            if remember:
                self.delete_range(start, stop)
            else:
                self.drop(start, stop)
        for key, value in points.items():
            self.store(key, value)

    def find(self, bytes key not None):
        """Return the value, None if deleted here, MISSING if not known here."""
        cdef PyObject *value = PyDict_GetItem(self.points, key)
        if value is not NULL:
            return <object>value
        if self._ranges is not None and self._ranges.holds(key):
            return None
        return MISSING

    def scan(self, bytes start not None, bytes stop, *, bint reverse=False):
        """Return an iterator over the points in [start, stop), deleted ones included.

        Points are taken out in chunks, so the layer may be written to meanwhile.
        """
        return LayerScan(self, start, stop, reverse)

    cdef bint is_bare(self, bytes start, bytes stop) noexcept:
        """Whether no key begins as every key of the range does.

        PERF: who looks for due dates ten times a second, and mostly finds none, must not
        make all other keys be put in order.
        """
        return (
            stop is not None
            and PyBytes_GET_SIZE(start) >= 2
            and PyBytes_GET_SIZE(stop) > 2
            and memcmp(PyBytes_AS_STRING(start), PyBytes_AS_STRING(stop), 2) == 0
            and self.begins[bucket(start)] == 0
        )

    cdef int arrange(self) except -1:
        """Bring the fresh keys into the order."""
        cdef Py_ssize_t total
        cdef list everything, block
        cdef bytes key
        if self.blocks is None:
            everything = sorted(self.points)
        elif not self.fresh:
            return 0
        elif len(self.fresh) * 4 < len(self.points):
            for key in self.fresh:
                self.insert(key)
            self.fresh.clear()
            return 0
        else:
            everything = []
            for block in self.blocks:
                everything.extend(block)
            self.fresh.sort()
            everything.extend(self.fresh)
            everything.sort()  # two sorted runs: one pass
        total = len(everything)
        # Half full, so that the next keys find room.
        self.blocks = [
            everything[place:place + BLOCK // 2]
            for place in range(0, total, BLOCK // 2)
        ]
        self.fresh.clear()
        return 0

    cdef Py_ssize_t block_of(self, bytes key, bint after):
        """Return the first block that may hold a key from `key` on."""
        cdef Py_ssize_t low = 0
        cdef Py_ssize_t high = len(self.blocks)
        cdef Py_ssize_t middle
        cdef list block
        cdef bytes last
        while low < high:
            middle = (low + high) >> 1
            block = <list>PyList_GET_ITEM(self.blocks, middle)
            last = <bytes>PyList_GET_ITEM(block, PyList_GET_SIZE(block) - 1)
            if is_before(key, last) if after else not is_before(last, key):
                high = middle
            else:
                low = middle + 1
        return low

    cdef int insert(self, bytes key) except -1:
        cdef Py_ssize_t index = self.block_of(key, False)
        cdef list block
        if not self.blocks:
            self.blocks.append([key])
            return 0
        if index == len(self.blocks):
            index -= 1
        block = self.blocks[index]
        block.insert(place_in(block, key, False), key)
        if len(block) > BLOCK:
            self.blocks.insert(index + 1, block[BLOCK // 2:])
            del block[BLOCK // 2:]
        return 0

    cdef int walk(
        self, bytes start, bytes stop, bint reverse,
        Py_ssize_t skip, Py_ssize_t most, list found
    ) except -1:
        """Append up to `most` living keys of [start, stop), after `skip` of them."""
        cdef list block
        cdef Py_ssize_t index, place, edge
        cdef bytes key
        self.arrange()
        index = self.block_of(stop if reverse else start, False)
        if reverse and index == PyList_GET_SIZE(self.blocks):
            index -= 1
        while 0 <= index < PyList_GET_SIZE(self.blocks) and most > 0:
            block = <list>PyList_GET_ITEM(self.blocks, index)
            place = place_in(block, start, False)
            edge = place_in(block, stop, False)
            while place < edge and most > 0:
                if reverse:
                    edge -= 1
                    key = <bytes>PyList_GET_ITEM(block, edge)
                else:
                    key = <bytes>PyList_GET_ITEM(block, place)
                    place += 1
                if <object>PyDict_GetItem(self.points, key) is None:
                    continue
                if skip > 0:
                    skip -= 1
                    continue
                found.append(key)
                most -= 1
            if reverse:
                if place > 0:
                    return 0
                index -= 1
            else:
                if edge < PyList_GET_SIZE(block):
                    return 0
                index += 1
        return 0

    cdef list chunk(
        self, bytes start, bint after, bytes stop, bint reverse, Py_ssize_t most
    ):
        """Return up to `most` pairs from one end of a range."""
        cdef list pairs = []
        cdef list block
        cdef Py_ssize_t index, place, edge
        cdef bytes key
        if self.is_bare(start, stop):
            return pairs
        self.arrange()
        if not reverse:
            index = self.block_of(start, after)
            while index < PyList_GET_SIZE(self.blocks):
                block = <list>PyList_GET_ITEM(self.blocks, index)
                place = place_in(block, start, after)
                edge = PyList_GET_SIZE(block)
                if stop is not None:
                    edge = place_in(block, stop, False)
                while place < edge:
                    key = <bytes>PyList_GET_ITEM(block, place)
                    pairs.append((key, <object>PyDict_GetItem(self.points, key)))
                    if PyList_GET_SIZE(pairs) == most:
                        return pairs
                    place += 1
                if edge < PyList_GET_SIZE(block):
                    return pairs
                index += 1
            return pairs
        index = PyList_GET_SIZE(self.blocks) - 1
        if stop is not None:
            index = min(index, self.block_of(stop, False))
        while index >= 0:
            block = <list>PyList_GET_ITEM(self.blocks, index)
            place = PyList_GET_SIZE(block)
            if stop is not None:
                place = place_in(block, stop, False)
            edge = place_in(block, start, False)
            while place > edge:
                place -= 1
                key = <bytes>PyList_GET_ITEM(block, place)
                pairs.append((key, <object>PyDict_GetItem(self.points, key)))
                if PyList_GET_SIZE(pairs) == most:
                    return pairs
            if edge > 0:
                return pairs
            index -= 1
        return pairs


cdef class LayerScan:
    """An iterator over the points of a layer in a range."""

    def __cinit__(
        self, Layer layer not None, bytes start not None, bytes stop, bint reverse
    ):
        self.layer = layer
        self.start = start
        self.stop = stop
        self.reverse = reverse
        self.after = False
        self.pairs = None
        self.at = 0
        self.size = 0
        self.more = True

    def __iter__(self):
        return self

    def __next__(self):
        cdef tuple pair = self.step()
        if pair is None:
            raise StopIteration
        return pair

    cdef tuple step(self):
        """Return the next pair, None at the end."""
        cdef Py_ssize_t want
        cdef tuple pair
        if self.at == self.size:
            if not self.more:
                return None
            want = FIRST_CHUNK if self.size == 0 else min(self.size * 2, MOST_CHUNK)
            self.pairs = self.layer.chunk(
                self.start, self.after, self.stop, self.reverse, want)
            self.at = 0
            self.size = PyList_GET_SIZE(self.pairs)
            self.more = self.size == want
            if self.size == 0:
                self.more = False
                return None
            pair = <tuple>PyList_GET_ITEM(self.pairs, self.size - 1)
            if self.reverse:
                self.stop = pair[0]
            else:
                self.start = pair[0]
                self.after = True
        pair = <tuple>PyList_GET_ITEM(self.pairs, self.at)
        self.at += 1
        return pair

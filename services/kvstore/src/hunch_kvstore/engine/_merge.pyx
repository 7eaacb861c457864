# cython: boundscheck=False, wraparound=False
"""Several layers seen as one: what a reader sees, in order.

Layers come from newest to oldest. Of a key the newest point counts; a range of a newer
layer hides the points of older ones. A layer on disk gives its records as they are
stored: `records(start, stop, reverse)`, with one byte before each value and none at all
where the key is deleted.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject

from hunch_kvstore.engine._layer cimport Layer, LayerScan, RangeSet
from hunch_kvstore.engine._order cimport compare

from hunch_kvstore.engine._layer import MISSING


def find(list layers not None, bytes key not None):
    """Return the value of `key` in layers ordered from newest to oldest."""
    for layer in layers:
        value = layer.find(key)
        if value is not MISSING:
            return value
    return None


cdef class Head:
    """The place of a scan in one layer."""

    cdef object layer
    cdef Py_ssize_t depth
    cdef bytes key
    cdef object value
    cdef LayerScan points   # of a layer in memory
    cdef object records     # of a layer on disk
    cdef bytes start
    cdef bytes stop
    cdef bint reverse
    cdef bint once

    def __cinit__(
        self, layer, Py_ssize_t depth, bytes start, bytes stop, bint reverse, bint once
    ):
        self.layer = layer
        self.depth = depth
        self.reverse = reverse
        self.once = once
        self.begin(start, stop)

    cdef int begin(self, bytes start, bytes stop) except -1:
        self.start = start
        self.stop = stop
        if isinstance(self.layer, Layer):
            self.points = LayerScan(self.layer, start, stop, self.reverse)
        else:
            self.records = self.layer.records(start, stop, self.reverse, self.once)
        return 0

    cdef bint step(self) except -1:
        """Go to the next point; False at the end."""
        cdef tuple pair
        cdef bytes stored
        if self.points is not None:
            pair = self.points.step()
            if pair is None:
                return False
            self.value = pair[1]
        else:
            try:
                pair = next(self.records, None)
            except Exception as error:
                raise self.layer.unreadable(error) from error
            if pair is None:
                return False
            stored = pair[1]
            if PyBytes_GET_SIZE(stored) == 0:
                self.value = None
            else:
                self.value = PyBytes_FromStringAndSize(
                    PyBytes_AS_STRING(stored) + 1, PyBytes_GET_SIZE(stored) - 1)
        self.key = pair[0]
        return True

    cdef bint skip(self, tuple hidden) except -1:
        """Go behind the range `hidden`; False at the end."""
        cdef bytes start = hidden[0]
        cdef bytes stop = hidden[1]
        if self.reverse:
            if compare(start, self.start) <= 0:
                return False
            self.begin(self.start, start)
        else:
            if stop is None or (self.stop is not None and compare(stop, self.stop) >= 0):
                return False
            self.begin(stop, self.stop)
        return self.step()


cdef class Scan:
    """An iterator over what several layers hold together in [start, stop).

    Args:
        layers: From newest to oldest.
        start: The first key.
        stop: The key after the last; None is the end of the keyspace.
        reverse: From the last key to the first.
        live: Leave out deleted keys.
        once: What is read will not be asked for again soon: keep no leaf of it.
    """

    cdef list layers
    cdef list heads
    cdef bint reverse
    cdef bint live

    def __cinit__(
        self,
        list layers not None,
        bytes start not None,
        bytes stop,
        bint reverse=False,
        bint live=True,
        bint once=False,
    ):
        cdef Py_ssize_t depth
        cdef Head head
        self.layers = layers
        self.reverse = reverse
        self.live = live
        self.heads = []
        if stop is not None and compare(stop, start) <= 0:
            return
        for depth in range(len(layers)):
            head = Head(layers[depth], depth, start, stop, reverse, once)
            if head.step():
                self.heads.append(head)

    def __iter__(self):
        return self

    cdef tuple hidden(self, Head head):
        """Return the range of a newer layer that hides the point, or None."""
        cdef Py_ssize_t depth
        cdef object layer
        cdef RangeSet ranges
        for depth in range(head.depth):
            layer = <object>PyList_GET_ITEM(self.layers, depth)
            if isinstance(layer, Layer):
                ranges = (<Layer>layer)._ranges
            else:
                ranges = layer.ranges
            if ranges is not None and ranges.any and ranges.holds(head.key):
                return ranges.around(head.key)
        return None

    def __next__(self):
        cdef Head best, head
        cdef Py_ssize_t index, count
        cdef int order
        cdef tuple hidden
        cdef bytes key
        cdef object value
        while True:
            count = PyList_GET_SIZE(self.heads)
            if count == 0:
                raise StopIteration
            # PERF: there are two to ten layers; looking at each beats a heap.
            best = <Head>PyList_GET_ITEM(self.heads, 0)
            for index in range(1, count):
                head = <Head>PyList_GET_ITEM(self.heads, index)
                order = compare(head.key, best.key)
                if order > 0 if self.reverse else order < 0:
                    best = head
            if best.depth:
                hidden = self.hidden(best)
                if hidden is not None:
                    # WHY: all of this layer in the range is hidden; go behind it.
                    if not best.skip(hidden):
                        self.heads.remove(best)
                    continue
            key = best.key
            value = best.value
            index = count
            while index:
                index -= 1
                head = <Head>PyList_GET_ITEM(self.heads, index)
                if head is best or (count > 1 and compare(head.key, key) == 0):
                    if not head.step():
                        del self.heads[index]
            if value is not None or not self.live:
                return key, value


def scan(
    list layers, bytes start, bytes stop, *, bint reverse=False, bint once=False
):
    """Return an iterator over what is alive in [start, stop), in order."""
    return Scan(layers, start, stop, reverse, True, once)


def scan_all(list layers, bytes start, bytes stop, *, bint reverse=False):
    """Return the same with the deleted keys, whose value is None."""
    return Scan(layers, start, stop, reverse, False)

# The lane's sorted sets; included by `_lane.pyx`.

cdef int zadd(
    Lane lane, Peer client, Word *words, int count
) except -2:
    cdef bytes record, key, name, place, old, fresh, raw
    cdef const char *data
    cdef double score, before
    cdef uint8_t kind
    cdef uint64_t size
    cdef int at
    if count != 4 or lane.watchers or not lane.is_usual:
        return NOT_MINE
    if not read_score(&words[2], &score):
        return NOT_MINE
    key = prefixed(META, &words[1])
    record = lane.front.find(key)
    if record is None:
        return NOT_MINE
    data = PyBytes_AS_STRING(record)
    kind = <uint8_t>data[0]
    at = lane.body_of(record)
    if at < 0 or kind & KIND != ZSET:
        return NOT_MINE
    if not lane.front.takes(4 * (OPERATION_BYTES + words[3].size + 32) + words[1].size):
        return NOT_MINE
    size = get64(data + at + 8)
    name = sub_key(SUB, data + at, words[3].at, words[3].size)
    old = lane.front.find(name)
    if old is None and (words[3].size > COMPACT_BYTES or size >= COMPACT_ENTRIES):
        kind |= LARGE
    raw = packed_double(score)
    place = score_key(data + at, score, &words[3])
    if old is None:
        fresh = sized(record, at, kind, size + 1)
        lane.front.write((name, raw, place, _EMPTY, key, fresh), 3)
        return lane.acknowledge(client, _ONE)
    before = unpacked_double(PyBytes_AS_STRING(old))
    if before == score:
        return lane.answer(client, _ZERO)
    fresh = sized(record, at, kind, size)
    gone = score_key(data + at, before, &words[3])
    if fresh == record:
        lane.front.write((gone, None, name, raw, place, _EMPTY), 3)
    else:
        lane.front.write((gone, None, name, raw, place, _EMPTY, key, fresh), 4)
    return lane.acknowledge(client, _ZERO)


cdef int zrange(
    Lane lane, Peer client, Word *words, int count, bint descending
) except -2:
    """Answer a page near one end of a set, by rank; `descending` is ZREVRANGE."""
    cdef bytes record, prefix, reply
    cdef const char *data
    cdef int64_t start, stop, size, skip, most
    cdef int at
    cdef bint turned = False
    cdef Page page
    if count == 5 and words[4].size == 3 and is_named(words[4].at, b"REV", 3):
        if descending:
            return NOT_MINE
        descending = True
    elif count != 4:
        return NOT_MINE
    if not read_integer(&words[2], &start) or not read_integer(&words[3], &stop):
        return NOT_MINE
    record = lane.look(&words[1])
    if record is None:
        return lane.answer(client, b"*0\r\n")
    data = PyBytes_AS_STRING(record)
    at = lane.body_of(record)
    if at < 0 or data[0] & KIND != ZSET:
        return NOT_MINE
    size = <int64_t>get64(data + at + 8)
    if start < 0:
        start = max(start + size, 0)
    if stop < 0:
        stop += size
    stop = min(stop, size - 1)
    if start > stop:
        return lane.answer(client, b"*0\r\n")
    skip = start
    most = stop - start + 1
    if skip + most > MOST_MEMBERS:
        skip = size - 1 - stop
        turned = True
        if skip + most > MOST_MEMBERS:
            return NOT_MINE
    prefix = sub_key(SCORE, data + at, NULL, 0)
    page = page_of(lane, prefix, descending != turned, skip + most)
    if page is None:
        return NOT_MINE
    if (
        page.reply is not None and page.reply_skip == skip
        and page.reply_most == most and page.reply_turned == turned
    ):
        return lane.answer(client, page.reply)
    reply = listing(lane, page.keys, skip, most, turned)
    lane.front._pages.keep_reply(page, skip, most, turned, reply)
    return lane.answer(client, reply)


cdef Page page_of(Lane lane, bytes prefix, bint reverse, Py_ssize_t most):
    """Return a page with the `most` keys nearest to an end; None if there are fewer."""
    cdef Page page = lane.front._pages.find(prefix, reverse)
    cdef bytes last
    cdef list found
    if page is None or (page.edge is not None and PyList_GET_SIZE(page.keys) < most):
        last = next_after(prefix)
        found = []
        most += MORE_MEMBERS
        if lane.front.is_alone(prefix, last):
            lane.front._active.walk(prefix, last, reverse, 0, most, found)
        else:
            for pair in islice(
                merged_scan(lane.front._layers, prefix, last, reverse=reverse), most
            ):
                found.append((<tuple>pair)[0])
        page = lane.front._pages.keep(prefix, reverse, found, len(found) < most)
        most -= MORE_MEMBERS
    return page if PyList_GET_SIZE(page.keys) >= most else None


cdef bytes listing(
    Lane lane, list keys, Py_ssize_t skip, Py_ssize_t most, bint turned
):
    """Return the reply with the members of `most` keys, the last first if `turned`."""
    cdef bytes raw
    cdef char *to
    cdef Py_ssize_t index
    cdef Py_ssize_t total = LONGEST_HEAD
    for index in range(skip, skip + most):
        raw = <bytes>PyList_GET_ITEM(keys, index)
        total += PyBytes_GET_SIZE(raw) + LONGEST_HEAD
    lane.grow(total)
    to = put_head(lane.scratch, c"*", most)
    for index in range(most):
        raw = <bytes>PyList_GET_ITEM(
            keys, skip + most - 1 - index if turned else skip + index)
        to = put_bulk(to, PyBytes_AS_STRING(raw) + 17, PyBytes_GET_SIZE(raw) - 17)
    return PyBytes_FromStringAndSize(lane.scratch, to - lane.scratch)

# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
r"""A document's words and tags as the index keeps them, compiled: the loop of indexing.

What is a word is `tokenizer`'s and `folding`'s to say; here the same is done without an
object per word. Text of ASCII alone is read byte by byte; other text sign by sign, with
`folding` asked for each word that is not ASCII; text with escapes goes by `tokenize`.

An `Analyser` belongs to one schema and is used for one document at a time: `tags` and
`text` for its fields in order, then `end`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from .folding import CLASSES, bigrams, fold
from .stemmer import stem
from .tokenizer import MAX_WORD, tokenize

cdef extern from *:
    """
    #define prefetch(at) __builtin_prefetch(at)
    """
    void prefetch(const void *at) noexcept nogil

cdef enum:
    LONGEST = 128        # of a word, as the tokenizer cuts it
    LONGEST_TAG = 4096   # LIMIT: as RediSearch cuts it; it is a key of the store
    LEAST_STEMMED = 4
    LONGEST_STEMMED = 30_000  # a folded word of 128 signs is far below
    STEM_SLOTS = 1 << 18
    STEMS_KEPT = 1 << 17  # a site's whole vocabulary
    AT_ONCE = 64

MAX_TAG = LONGEST_TAG
MIN_STEMMED = LEAST_STEMMED
assert MAX_WORD == LONGEST

cdef struct Buffer:
    uint8_t *data
    size_t used
    size_t room

cdef struct Slot:
    uint64_t hash
    size_t place     # of the text, in the buffer of the table
    uint32_t length
    uint32_t stamp   # of the field it was filled for; another is an empty slot
    int64_t count

cdef uint8_t[128] LOWER   # the sign in lower case, 0 for what separates
cdef uint8_t[65536] KIND  # of a sign: one of " wrsj", 0 for not yet asked

cdef struct Stem:
    uint64_t hash
    uint32_t place   # of the word and then its root ("+" and the stem), in the arena
    uint16_t length
    uint16_t root    # its length; 0 if the word is its own stem

cdef Buffer STEM_TEXT
cdef Stem[STEM_SLOTS] STEMS   # a slot with no length is free
cdef uint32_t stems_known = 0

cdef int _at
for _at in range(128):
    _sign = chr(_at)
    LOWER[_at] = ord(_sign.lower()) if _sign.isalnum() or _sign == "_" else 0


cdef int reserve(Buffer *buffer, size_t more) except -1:
    """Make sure that so many bytes can be written."""
    cdef size_t room = buffer.room
    cdef uint8_t *data
    if buffer.used + more <= room:
        return 0
    while buffer.used + more > room:
        room = room * 2 if room else 4096
    data = <uint8_t *> realloc(buffer.data, room)
    if not data:
        raise MemoryError
    buffer.data = data
    buffer.room = room
    return 0


cdef inline int kind_of(Py_UCS4 sign) except -1:
    cdef int kind
    if sign < 128:
        return c"w" if LOWER[sign] else c" "
    if sign < 65536 and KIND[sign]:
        return KIND[sign]
    kind = ord(CLASSES[<int> sign])
    if sign < 65536:
        KIND[sign] = <uint8_t> kind
    return kind


cdef inline uint64_t hash_of(const uint8_t *text, Py_ssize_t length) noexcept nogil:
    cdef uint64_t found = 14695981039346656037u
    cdef Py_ssize_t at
    for at in range(length):
        found = (found ^ text[at]) * 1099511628211u
    return found ^ (found >> 32)


cdef class Analyser:
    """Takes documents apart by the rules of one schema.

    Args:
        stop_words: Folded; they are left out.
        texts: How many TEXT fields there are.
    """

    cdef frozenset stop
    cdef Py_ssize_t longest_stop
    cdef int texts
    cdef Buffer names
    cdef Buffer stream
    cdef Slot *slots
    cdef uint32_t mask, used, stamp
    cdef size_t began       # where the names of this field begin
    cdef Py_ssize_t count   # names so far
    cdef int64_t top
    cdef dict counts        # of several fields together; None for one field

    def __cinit__(self, stop_words, int texts):
        self.stop = frozenset(word.encode("utf-8", "replace") for word in stop_words)
        self.longest_stop = max(map(len, self.stop), default=0)
        self.texts = texts
        self.mask = 1023
        self.slots = <Slot *> calloc(self.mask + 1, sizeof(Slot))
        if not self.slots:
            raise MemoryError
        self.stamp = 0
        self.begin()

    def __dealloc__(self):
        free(self.slots)
        free(self.names.data)
        free(self.stream.data)

    cdef void begin(self):
        self.names.used = 0
        self.stream.used = 0
        self.count = 0
        self.top = 0
        self.counts = {} if self.texts > 1 else None

    cdef int next_field(self) except -1:
        """Forget the words of the field before."""
        self.began = self.names.used
        self.used = 0
        self.stamp += 1
        if self.stamp == 0xFFFFFFFF:
            for at in range(self.mask + 1):
                self.slots[at].stamp = 0
            self.stamp = 1
        return 0

    cdef int grow(self) except -1:
        cdef uint32_t mask = self.mask * 2 + 1, at, old
        cdef Slot *slots = <Slot *> calloc(mask + 1, sizeof(Slot))
        if not slots:
            raise MemoryError
        for old in range(self.mask + 1):
            if self.slots[old].stamp == self.stamp:
                at = <uint32_t> self.slots[old].hash & mask
                while slots[at].stamp == self.stamp:
                    at = (at + 1) & mask
                slots[at] = self.slots[old]
        free(self.slots)
        self.slots = slots
        self.mask = mask
        return 0

    cdef Slot *look(self, const uint8_t *text, Py_ssize_t length, uint64_t hash) noexcept:
        """Return the slot of a term of this field, or the free one where it belongs."""
        cdef uint32_t at = <uint32_t> hash & self.mask
        cdef Slot *slot
        while True:
            slot = &self.slots[at]
            if slot.stamp != self.stamp or (
                slot.hash == hash and slot.length == length
                and memcmp(self.names.data + slot.place, text, length) == 0
            ):
                return slot
            at = (at + 1) & self.mask

    cdef Slot *term(
        self, int field, const uint8_t *text, Py_ssize_t length, uint64_t hash
    ) except NULL:
        """Return the slot of a term; a new one becomes one of the names."""
        cdef Slot *slot = self.look(text, length, hash)
        cdef uint8_t *out
        if slot.stamp == self.stamp:
            return slot
        if self.used * 2 >= self.mask:
            self.grow()
            slot = self.look(text, length, hash)
        reserve(&self.names, length + 4)
        out = self.names.data + self.names.used
        out[0] = (length + 2) & 255
        out[1] = (length + 2) >> 8
        out[2] = field >> 8
        out[3] = field & 255
        memcpy(out + 4, text, length)
        slot.hash = hash
        slot.place = self.names.used + 4
        slot.length = <uint32_t> length
        slot.stamp = self.stamp
        slot.count = 0
        self.names.used += length + 4
        self.used += 1
        self.count += 1
        return slot

    # -- tags ------------------------------------------------------------------------

    def tags(self, bytes raw not None, int field, str separator, bint exact):
        """Take the tags of a field's value.

        Args:
            raw: The value.
            field: The field's number.
            separator: The sign between tags.
            exact: Keep upper and lower case apart.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(raw), at = 0, start, stop
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(raw)
        cdef uint8_t[LONGEST_TAG] form
        cdef Py_ssize_t length
        cdef int cut
        self.next_field()
        if not is_plain(data, size) or not separator.isascii():
            text = raw.decode("utf-8", "surrogateescape")
            for part in text.split(separator):
                part = part.strip()
                if part:
                    if not exact:
                        part = part.lower()
                    self.tag(field, part.encode("utf-8", "surrogateescape")[:LONGEST_TAG])
            return
        cut = ord(separator)
        while at <= size:
            start = at
            while at < size and data[at] != cut:
                at += 1
            stop = at
            at += 1
            while start < stop and is_space(data[start]):
                start += 1
            while start < stop and is_space(data[stop - 1]):
                stop -= 1
            if start == stop:
                continue
            length = min(stop - start, LONGEST_TAG)
            for stop in range(length):
                form[stop] = data[start + stop]
                if not exact and c"A" <= form[stop] <= c"Z":
                    form[stop] += 32
                if form[stop] == 0:
                    self.tag(field, PyBytes_FromStringAndSize(
                        <const char *> data + start, length) if exact else
                        PyBytes_FromStringAndSize(
                        <const char *> data + start, length).lower())
                    break
            else:
                self.term(field, form, length, hash_of(form, length))

    cdef int tag(self, int field, bytes form) except -1:
        if b"\0" in form:
            form = form.replace(b"\0", b"\0\xff")  # as the engine's keys have it
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(form)
        self.term(field, data, PyBytes_GET_SIZE(form),
                  hash_of(data, PyBytes_GET_SIZE(form)))
        return 0

    # -- text ------------------------------------------------------------------------

    def text(self, bytes raw, int field, bint stems, int64_t whole, int64_t part):
        """Take the words of a TEXT field.

        Args:
            raw: The value; None if the document has no such field.
            field: The field's number.
            stems: Whether stems are terms, too.
            whole: How much a word counts for the score's norm.
            part: How much a stem counts.
        """
        cdef size_t began
        self.next_field()
        reserve(&self.stream, 2)
        self.stream.data[self.stream.used] = 0x1F
        self.stream.used += 1
        if raw is None:
            return
        began = self.stream.used
        cdef Py_ssize_t size = PyBytes_GET_SIZE(raw)
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(raw)
        if b"\\" in raw:
            for token in tokenize(raw.decode("utf-8", "replace")):
                self.folded(field, token.text, token.is_run, whole)
        elif is_plain(data, size):
            self.plain(field, data, size)
        else:
            self.signs(field, raw.decode("utf-8", "replace"), whole)
        if self.stream.used > began:
            reserve(&self.stream, 1)
            self.stream.data[self.stream.used] = 0
            self.stream.used += 1
        self.roots(field, stems, whole, part)

    cdef int plain(self, int field, const uint8_t *data, Py_ssize_t size) except -1:
        """Take the words of ASCII."""
        cdef Py_ssize_t at = 0, length
        cdef uint64_t hash
        cdef uint8_t *out
        cdef uint8_t sign
        cdef Slot *slot
        reserve(&self.stream, size * 2 + 2)
        while at < size:
            while at < size and LOWER[data[at]] == 0:
                at += 1
            if at == size:
                break
            out = self.stream.data + self.stream.used
            out[0] = 0
            length = 0
            hash = 14695981039346656037u
            while at < size:
                sign = LOWER[data[at]]
                if sign == 0:
                    break
                if length < LONGEST:
                    length += 1
                    out[length] = sign
                    hash = (hash ^ sign) * 1099511628211u
                at += 1
            self.word(field, out + 1, length, hash ^ (hash >> 32))
        return 0

    cdef int word(
        self, int field, const uint8_t *text, Py_ssize_t length, uint64_t hash
    ) except -1:
        """Count a word that stands at the end of the stream already, behind a zero."""
        cdef Slot *slot = self.look(text, length, hash)
        if slot.stamp != self.stamp or slot.count == 0:
            if length <= self.longest_stop and (
                PyBytes_FromStringAndSize(<const char *> text, length) in self.stop
            ):
                return 0
            slot = self.term(field, text, length, hash)
        slot.count += 1
        self.stream.used += length + 1
        return 0

    cdef int signs(self, int field, str text, int64_t whole) except -1:
        """Take the words of any text."""
        cdef Py_ssize_t size = len(text), at = 0, start, place
        cdef int width = PyUnicode_KIND(text), kind, other
        cdef void *data = PyUnicode_DATA(text)
        cdef Py_UCS4 sign
        cdef uint8_t *out
        cdef Py_ssize_t length
        cdef bint simple
        while at < size:
            kind = kind_of(PyUnicode_READ(width, data, at))
            start = at
            at += 1
            if kind == c" " or kind == c"j":
                continue
            simple = kind == c"w" and PyUnicode_READ(width, data, start) < 128
            while at < size:
                sign = PyUnicode_READ(width, data, at)
                other = kind_of(sign)
                if other != c"j" and (other != kind or kind == c"s"):
                    break
                if sign >= 128 and at - start < LONGEST:
                    simple = False
                at += 1
            length = at - start
            if kind != c"r" and length > LONGEST:
                length = LONGEST
            if not simple:
                self.folded(field, fold(text[start:start + length]), kind == c"r", whole)
                continue
            reserve(&self.stream, length + 2)
            out = self.stream.data + self.stream.used
            out[0] = 0
            for place in range(length):
                out[place + 1] = LOWER[PyUnicode_READ(width, data, start + place)]
            self.word(field, out + 1, length, hash_of(out + 1, length))
        return 0

    cdef int folded(self, int field, str text, bint is_run, int64_t whole) except -1:
        """Take one folded word, or a run of an unspaced script."""
        cdef bytes form = text.encode("utf-8", "replace")
        cdef Py_ssize_t length = PyBytes_GET_SIZE(form)
        cdef const uint8_t *data = <const uint8_t *> PyBytes_AS_STRING(form)
        cdef uint8_t *out
        if length == 0 and not is_run:
            return 0
        reserve(&self.stream, length + 2)
        out = self.stream.data + self.stream.used
        out[0] = 0
        memcpy(out + 1, data, length)
        if not is_run:
            return self.word(field, out + 1, length, hash_of(data, length))
        if form in self.stop or length == 0:
            return 0
        self.stream.used += length + 1
        for pair in bigrams(text):
            form = pair.encode("utf-8", "replace")
            data = <const uint8_t *> PyBytes_AS_STRING(form)
            self.term(field, data, PyBytes_GET_SIZE(form),
                      hash_of(data, PyBytes_GET_SIZE(form)))
        if self.counts is None:
            self.counts = {}
        self.counted(text.encode("utf-8", "replace"), whole)
        return 0

    cdef int counted(self, bytes text, int64_t times) except -1:
        cdef int64_t now = self.counts.get(text, 0) + times
        self.counts[text] = now
        if now > self.top:
            self.top = now
        return 0

    cdef int roots(self, int field, bint stems, int64_t whole, int64_t part) except -1:
        """Add the stems of the field's words, and count all."""
        cdef size_t place = self.began, end = self.names.used
        cdef size_t[AT_ONCE] places
        cdef uint64_t[AT_ONCE] hashes
        cdef Py_ssize_t length
        cdef int some, one
        # The names of the field stand in a row; each is looked up once more.
        while place < end:
            some = 0
            while place < end and some < AT_ONCE:
                length = self.names.data[place] | self.names.data[place + 1] << 8
                places[some] = place
                hashes[some] = hash_of(self.names.data + place + 4, length - 2)
                # PERF: stems lie all over memory; waiting for one at a time was a tenth
                # of indexing (2026-11).
                prefetch(&STEMS[hashes[some] & (STEM_SLOTS - 1)])
                place += length + 2
                some += 1
            for one in range(some):
                prefetch(STEM_TEXT.data + STEMS[hashes[one] & (STEM_SLOTS - 1)].place)
            for one in range(some):
                self.root(field, places[one], hashes[one], stems, whole, part)
        return 0

    cdef int root(
        self, int field, size_t place, uint64_t hash, bint stems, int64_t whole, int64_t part
    ) except -1:
        """Count one name of the field if it is a word, and add its stem."""
        cdef const uint8_t *data = self.names.data + place + 4
        cdef Py_ssize_t length = (
            self.names.data[place] | self.names.data[place + 1] << 8) - 2
        cdef int64_t times = self.look(data, length, hash).count
        cdef Stem *known
        cdef Slot *slot
        if times == 0:
            return 0  # a pair of a run
        if self.counts is not None:
            self.counted(PyBytes_FromStringAndSize(<const char *> data, length), times * whole)
        elif times * whole > self.top:
            self.top = times * whole
        if not stems or length < LEAST_STEMMED or length > LONGEST_STEMMED:
            return 0
        known = stem_of(data, length, hash)
        if known.root == 0:
            return 0
        data = STEM_TEXT.data + known.place + known.length
        slot = self.term(field, data, known.root, hash_of(data, known.root))
        slot.count += times * part
        if self.counts is not None:
            self.counted(
                PyBytes_FromStringAndSize(<const char *> data, known.root), times * part)
        elif slot.count > self.top:
            self.top = slot.count
        return 0

    def end(self):
        """Return what the document's fields gave and get ready for the next.

        Returns:
            The names of its terms (see `_delta`), how many, its stream, and how often its
            most frequent word stands in it.
        """
        found = (
            PyBytes_FromStringAndSize(<const char *> self.names.data, self.names.used),
            self.count,
            PyBytes_FromStringAndSize(<const char *> self.stream.data, self.stream.used),
            max(self.top, 1),
        )
        self.begin()
        return found


cdef Stem *stem_of(const uint8_t *word, Py_ssize_t length, uint64_t hash) except NULL:
    """Return what is known of a word's stem, asking the stemmer for a new one."""
    global stems_known
    cdef uint32_t at = <uint32_t> hash & (STEM_SLOTS - 1)
    cdef bytes root
    while STEMS[at].length:
        if (
            STEMS[at].hash == hash and STEMS[at].length == length
            and memcmp(STEM_TEXT.data + STEMS[at].place, word, length) == 0
        ):
            return &STEMS[at]
        at = (at + 1) & (STEM_SLOTS - 1)
    root = root_of(PyBytes_FromStringAndSize(<const char *> word, length))
    if stems_known >= STEMS_KEPT:
        memset(STEMS, 0, sizeof(STEMS))
        STEM_TEXT.used = 0
        stems_known = 0
        at = <uint32_t> hash & (STEM_SLOTS - 1)
    reserve(&STEM_TEXT, length + PyBytes_GET_SIZE(root))
    memcpy(STEM_TEXT.data + STEM_TEXT.used, word, length)
    memcpy(STEM_TEXT.data + STEM_TEXT.used + length, PyBytes_AS_STRING(root),
           PyBytes_GET_SIZE(root))
    STEMS[at].hash = hash
    STEMS[at].place = <uint32_t> STEM_TEXT.used
    STEMS[at].length = <uint16_t> length
    STEMS[at].root = <uint16_t> PyBytes_GET_SIZE(root)
    STEM_TEXT.used += length + PyBytes_GET_SIZE(root)
    stems_known += 1
    return &STEMS[at]


cdef bytes root_of(bytes word):
    """Return "+" and the stem of a word; nothing if it is its own stem."""
    cdef str text = word.decode()
    cdef str root = stem(text) if len(text) >= LEAST_STEMMED else text
    return b"" if root == text else b"+" + root.encode("utf-8", "replace")


cdef inline bint is_plain(const uint8_t *data, Py_ssize_t size) noexcept:
    cdef Py_ssize_t at
    cdef uint8_t all_ = 0
    for at in range(size):
        all_ |= data[at]
    return all_ < 128


cdef inline bint is_space(uint8_t sign) noexcept:
    """What str.strip takes off of ASCII."""
    return sign == 32 or 9 <= sign <= 13 or 28 <= sign <= 31

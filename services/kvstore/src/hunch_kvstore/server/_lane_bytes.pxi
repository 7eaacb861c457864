# How the lane reads words and records, and writes replies; included by `_lane.pyx`.
# The layouts are those of `keyspace/encoding.py` and `keyspace/packed.py`.

cdef enum:
    META = 109          # m
    SUB = 115           # s
    SCORE = 122         # z
    STRING = 1
    HASH = 2
    WIDE_HASH = 3
    ZSET = 4
    KIND = 0x0F
    LARGE = 0x40
    EXPIRES = 0x80
    OPERATION_BYTES = 9
    MOST_FIELDS = 128
    MOST_PACKED = 16384
    COMPACT_BYTES = 64
    COMPACT_FIELDS = 512
    COMPACT_ENTRIES = 128
    LONGEST_HEAD = 24   # of a reply: its type, a number, two line ends
    LONGEST_NUMBER = 18

cdef int64_t LONGEST_EXPIRY = 1000000000000


cdef struct Packed:
    Py_ssize_t fields
    Py_ssize_t index        # of the field looked for, or -1
    const char *text        # where the words begin
    Py_ssize_t text_size
    const char *value
    Py_ssize_t value_size


cdef inline int64_t nanoseconds(int which) noexcept:
    cdef timespec now
    clock_gettime(which, &now)
    return <int64_t>now.tv_sec * 1000000000 + now.tv_nsec


cdef inline uint64_t get64(const char *at) noexcept:
    cdef uint64_t number = 0
    cdef int index
    for index in range(8):
        number = number << 8 | <uint8_t>at[index]
    return number


cdef inline uint32_t get32(const char *at) noexcept:
    return (<uint32_t><uint8_t>at[0] << 24 | <uint32_t><uint8_t>at[1] << 16
            | <uint32_t><uint8_t>at[2] << 8 | <uint8_t>at[3])


cdef inline Py_ssize_t get16(const char *at) noexcept:
    return <Py_ssize_t><uint8_t>at[0] << 8 | <uint8_t>at[1]


cdef inline void put64(char *at, uint64_t number) noexcept:
    cdef int index
    for index in range(7, -1, -1):
        at[index] = <char>(number & 0xFF)
        number >>= 8


cdef inline void put32(char *at, uint32_t number) noexcept:
    at[0] = <char>(number >> 24)
    at[1] = <char>(number >> 16 & 0xFF)
    at[2] = <char>(number >> 8 & 0xFF)
    at[3] = <char>(number & 0xFF)


# -- words -------------------------------------------------------------------------------


cdef inline Py_ssize_t scan_number(
    const char *data, Py_ssize_t size, Py_ssize_t at, Py_ssize_t *number
) noexcept:
    """Read digits and a line end; return what comes after, 0 if it is not so."""
    cdef Py_ssize_t begin = at
    cdef Py_ssize_t value = 0
    while at < size and c"0" <= data[at] <= c"9":
        value = value * 10 + (data[at] - c"0")
        at += 1
        if at - begin > 9:
            return 0
    if at == begin or (data[begin] == c"0" and at - begin > 1):
        return 0
    if at + 1 >= size or data[at] != c"\r" or data[at + 1] != c"\n":
        return 0
    number[0] = value
    return at + 2


cdef Py_ssize_t scan_command(
    const char *data, Py_ssize_t size, Word *words, int *count
) noexcept:
    """Find the words of a command; return its length, 0 for the parser to see to it."""
    cdef Py_ssize_t number = 0
    cdef Py_ssize_t at, length, index
    if data[0] != c"*":
        return 0
    at = scan_number(data, size, 1, &number)
    if at == 0 or number < 1 or number > MOST_WORDS:
        return 0
    for index in range(number):
        if at >= size or data[at] != c"$":
            return 0
        at = scan_number(data, size, at + 1, &length)
        if at == 0 or length + 2 > size - at:
            return 0
        words[index].at = data + at
        words[index].size = length
        at += length + 2
    count[0] = <int>number
    return at


cdef list listed(Word *words, int count):
    """Return the words as the plain way wants them."""
    cdef int index
    return [
        PyBytes_FromStringAndSize(words[index].at, words[index].size)
        for index in range(count)
    ]


cdef inline bint is_named(const char *word, const char *name, Py_ssize_t size) noexcept:
    """Whether a word is that upper-case name, in any case."""
    cdef Py_ssize_t index
    for index in range(size):
        if word[index] & 0xDF != name[index]:
            return False
    return True


cdef bint read_integer(const Word *word, int64_t *number) noexcept:
    """Read an integer in its one usual form, of at most 18 digits."""
    cdef Py_ssize_t at = 0
    cdef int64_t value = 0
    cdef bint negative = word.size > 1 and word.at[0] == c"-"
    if negative:
        at = 1
    if word.size - at < 1 or word.size - at > LONGEST_NUMBER:
        return False
    if word.at[at] == c"0" and (word.size - at > 1 or negative):
        return False
    while at < word.size:
        if not c"0" <= word.at[at] <= c"9":
            return False
        value = value * 10 + (word.at[at] - c"0")
        at += 1
    number[0] = -value if negative else value
    return True


cdef int read_score(const Word *word, double *score) except -1:
    """Read a score such as 12, -3.5: no exponent, no sign of zero, 17 characters."""
    cdef char text[20]
    cdef Py_ssize_t at = 0
    cdef int64_t number = 0
    cdef Py_ssize_t dot = -1
    if word.size < 1 or word.size > 17:
        return False
    if word.at[0] == c"-":
        at = 1
    if at == word.size:
        return False
    while at < word.size:
        if word.at[at] == c"." and dot < 0 and 0 < at < word.size - 1:
            dot = at
        elif not c"0" <= word.at[at] <= c"9":
            return False
        elif dot < 0:
            number = number * 10 + (word.at[at] - c"0")
        at += 1
    if dot < 0 and word.size <= 15:
        score[0] = <double>number
        if word.at[0] == c"-":
            score[0] = -score[0]
    else:
        memcpy(text, word.at, word.size)
        text[word.size] = 0
        score[0] = PyOS_string_to_double(text, NULL, None)
    return not (score[0] == 0 and word.at[0] == c"-")


# -- keys --------------------------------------------------------------------------------


cdef inline bytes prefixed(char letter, const Word *word):
    cdef bytes key = PyBytes_FromStringAndSize(NULL, word.size + 1)
    PyBytes_AS_STRING(key)[0] = letter
    memcpy(PyBytes_AS_STRING(key) + 1, word.at, word.size)
    return key


cdef inline bytes sub_key(
    char letter, const char *version, const char *name, Py_ssize_t size
):
    cdef bytes key = PyBytes_FromStringAndSize(NULL, 9 + size)
    PyBytes_AS_STRING(key)[0] = letter
    memcpy(PyBytes_AS_STRING(key) + 1, version, 8)
    if size:
        memcpy(PyBytes_AS_STRING(key) + 9, name, size)
    return key


cdef bytes next_after(bytes prefix):
    """Return the least key after all with that prefix, whose first byte is a letter."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(prefix)
    cdef bytes key
    while <uint8_t>PyBytes_AS_STRING(prefix)[size - 1] == 0xFF:
        size -= 1
    key = PyBytes_FromStringAndSize(PyBytes_AS_STRING(prefix), size)
    PyBytes_AS_STRING(key)[size - 1] = <char>(<uint8_t>PyBytes_AS_STRING(key)[size - 1] + 1)
    return key


cdef bytes packed_double(double score):
    cdef uint64_t bits
    cdef bytes raw = PyBytes_FromStringAndSize(NULL, 8)
    memcpy(&bits, &score, 8)
    put64(PyBytes_AS_STRING(raw), bits)
    return raw


cdef inline double unpacked_double(const char *raw) noexcept:
    cdef uint64_t bits = get64(raw)
    cdef double score
    memcpy(&score, &bits, 8)
    return score


cdef bytes score_key(const char *version, double score, const Word *member):
    """Return the key of a member by its score, which sorts as scores do."""
    cdef uint64_t bits
    cdef uint64_t sign = <uint64_t>1 << 63
    cdef bytes key = PyBytes_FromStringAndSize(NULL, 17 + member.size)
    score += 0.0  # -0 sorts with 0
    memcpy(&bits, &score, 8)
    bits = ~bits if bits & sign else bits | sign
    PyBytes_AS_STRING(key)[0] = SCORE
    memcpy(PyBytes_AS_STRING(key) + 1, version, 8)
    put64(PyBytes_AS_STRING(key) + 9, bits)
    memcpy(PyBytes_AS_STRING(key) + 17, member.at, member.size)
    return key


# -- records -----------------------------------------------------------------------------


cdef bytes sized(bytes record, int at, uint8_t kind, uint64_t size):
    """Return the record of a wide hash or a sorted set with another kind and size."""
    cdef bytes fresh = PyBytes_FromStringAndSize(
        PyBytes_AS_STRING(record), PyBytes_GET_SIZE(record))
    PyBytes_AS_STRING(fresh)[0] = <char>kind
    put64(PyBytes_AS_STRING(fresh) + at + 8, size)
    return fresh


cdef bint look_into(bytes record, int at, const Word *field, Packed *packed) noexcept:
    """Find a field in a packed hash, or in none; False if the record is not sound."""
    cdef const char *data
    cdef const char *text
    cdef const char *end
    cdef Py_ssize_t index, size
    packed.fields = 0
    packed.index = -1
    packed.text = NULL
    packed.text_size = 0
    if record is None:
        return True
    data = PyBytes_AS_STRING(record)
    end = data + PyBytes_GET_SIZE(record)
    packed.fields = get16(data + at)
    packed.text = text = data + at + 2 + 8 * packed.fields
    packed.text_size = end - text
    if packed.text_size < 0:
        return False
    for index in range(2 * packed.fields):
        size = get32(data + at + 2 + 4 * index)
        if size > end - text:
            return False
        if index & 1:
            if packed.index == index >> 1:
                packed.value = text
                packed.value_size = size
                return True
        elif size == field.size and memcmp(text, field.at, size) == 0:
            packed.index = index >> 1
        text += size
    return True


cdef bytes packed_with(
    bytes record, int at, uint8_t kind, const Packed *packed,
    const Word *field, const Word *value
):
    """Return the record with the field set, None if it does not fit in one."""
    cdef bint is_there = packed.index >= 0
    cdef Py_ssize_t fields = packed.fields if is_there else packed.fields + 1
    cdef Py_ssize_t text_size = packed.text_size + value.size
    cdef Py_ssize_t left
    cdef bytes fresh
    cdef char *to
    cdef const char *old
    text_size += -packed.value_size if is_there else field.size
    if fields > MOST_FIELDS or text_size > MOST_PACKED:
        return None
    fresh = PyBytes_FromStringAndSize(NULL, at + 2 + 8 * fields + text_size)
    to = PyBytes_AS_STRING(fresh)
    to[0] = <char>kind
    if record is not None:
        old = PyBytes_AS_STRING(record)
        memcpy(to + 1, old + 1, at - 1)
        memcpy(to + at + 2, old + at + 2, 8 * packed.fields)
    to[at] = <char>(fields >> 8)
    to[at + 1] = <char>(fields & 0xFF)
    to += at + 2
    if is_there:
        put32(to + 8 * packed.index + 4, <uint32_t>value.size)
        to += 8 * fields
        left = packed.value - packed.text
        memcpy(to, packed.text, left)
        memcpy(to + left, value.at, value.size)
        memcpy(to + left + value.size, packed.value + packed.value_size,
               packed.text_size - left - packed.value_size)
        return fresh
    put32(to + 8 * packed.fields, <uint32_t>field.size)
    put32(to + 8 * packed.fields + 4, <uint32_t>value.size)
    to += 8 * fields
    if packed.text_size:
        memcpy(to, packed.text, packed.text_size)
    memcpy(to + packed.text_size, field.at, field.size)
    memcpy(to + packed.text_size + field.size, value.at, value.size)
    return fresh


# -- replies -----------------------------------------------------------------------------


cdef inline char *put_head(char *to, char kind, Py_ssize_t number) noexcept:
    """Write a type, a number and a line end."""
    cdef char digits[20]
    cdef int count = 0
    to[0] = kind
    to += 1
    while True:
        digits[count] = <char>(c"0" + number % 10)
        count += 1
        number //= 10
        if number == 0:
            break
    while count:
        count -= 1
        to[0] = digits[count]
        to += 1
    to[0] = c"\r"
    to[1] = c"\n"
    return to + 2


cdef inline char *put_bulk(char *to, const char *text, Py_ssize_t size) noexcept:
    """Write a bulk string; it takes `size` and LONGEST_HEAD at most."""
    to = put_head(to, c"$", size)
    memcpy(to, text, size)
    to[size] = c"\r"
    to[size + 1] = c"\n"
    return to + size + 2


cdef inline bytes bulk(const char *text, Py_ssize_t size):
    """Return a bulk string."""
    cdef char head[LONGEST_HEAD]
    cdef Py_ssize_t length = put_head(head, c"$", size) - head
    cdef bytes reply = PyBytes_FromStringAndSize(NULL, length + size + 2)
    cdef char *to = PyBytes_AS_STRING(reply)
    memcpy(to, head, length)
    memcpy(to + length, text, size)
    to[length + size] = c"\r"
    to[length + size + 1] = c"\n"
    return reply

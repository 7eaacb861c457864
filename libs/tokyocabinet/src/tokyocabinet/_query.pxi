# Queries on a table.

cdef extern from "regex.h" nogil:
    ctypedef struct regex_t:
        pass
    int regcomp(regex_t *, const char *, int)
    void regfree(regex_t *)
    enum:
        REG_EXTENDED, REG_NOSUB

cdef dict JOINS = {"UNION": 0, "ISECT": 1, "DIFF": 2}

cdef enum:
    FLAGS = 1 << 24 | 1 << 25           # negate, no index
    FOLD = 0xF                          # spaces, case, accents, width


cdef int condition(object op) except? -1:
    """Return the bits of a condition given by number or by name."""
    cdef bytes name
    if not isinstance(op, str):
        return op
    name = c_text(op, "the condition")
    return tctdbqrystrtocondop(PyBytes_AS_STRING(name))


cdef int order_type(object type) except? -1:
    """Return an order given by number or by name."""
    cdef bytes name
    cdef int result
    if not isinstance(type, str):
        return type
    name = c_text(type, "the order")
    result = tctdbqrystrtoordertype(PyBytes_AS_STRING(name))
    if result < 0:
        raise ValueError(f"unknown order {type!r}")
    return result


cdef bytes folded(bytes text):
    """Return text as full-text search sees it: case, accents and width made equal."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(text)
    cdef uint16_t *letters = <uint16_t *>malloc((size + 1) * sizeof(uint16_t))
    cdef char *result = <char *>malloc(size * 3 + 4)
    cdef int count = 0
    try:
        if letters == NULL or result == NULL:
            raise MemoryError
        tcstrutftoucs(PyBytes_AS_STRING(text), letters, &count)
        count = tcstrucsnorm(letters, count, FOLD)
        return PyBytes_FromStringAndSize(
            result, tcstrucstoutf(letters, count, result))
    finally:
        free(letters)
        free(result)


cdef int visit_row(
    const void *kbuf, int ksiz, TCMAP *columns, void *op
) noexcept with gil:
    cdef Callback callback = <Callback>op
    cdef dict row
    cdef object flags
    cdef int result
    cdef TCMAP *changed
    cdef const char *name
    cdef const char *value
    cdef int nsiz = 0
    cdef int vsiz = 0
    try:
        row = row_of(columns)
        flags = callback.call(
            (PyBytes_FromStringAndSize(<const char *>kbuf, ksiz), row))
        if flags is None:
            return 0
        result = flags              # FAILED is not a number: TypeError, kept below
        if result & TDBQPPUT:
            changed = map_of((<TDB>callback.owner).checked(row))
            tcmapclear(columns)
            tcmapiterinit(changed)
            while True:
                name = <const char *>tcmapiternext(changed, &nsiz)
                if name == NULL:
                    break
                value = <const char *>tcmapiterval(name, &vsiz)
                tcmapput(columns, name, nsiz, value, vsiz)
            tcmapdel(changed)
        return result
    except BaseException as error:
        callback.failed(error)      # the first one counts, see `failed`
        return TDBQPSTOP


cdef class TDBQuery:
    """TDBQuery(owner)\n--\n
    A question to a table. Conditions are AND-ed; each call returns the query itself.

    What runs it (`search`, `count`, `searchout`, `proc`, `metasearch`) releases the GIL.

    Lifetime: holds a reference to its table and raises `InvalidOperationError` while
    that is closed. One thread at a time may use a query.
    """

    cdef TDB owner
    cdef TDBQRY *query
    cdef bint busy

    def __cinit__(self, TDB owner not None):
        self.owner = owner
        owner.enter()
        owner.leave()
        self.query = tctdbqrynew(<TCTDB *>owner.db)

    def __dealloc__(self):
        # SAFETY: frees the query alone and does not look at the table.
        if self.query != NULL:
            tctdbqrydel(self.query)

    cdef int enter(self) except -1:
        if self.busy:
            raise error_for(TCETHREAD, "threading error: the query is in use")
        self.owner.enter()
        self.busy = True
        return 0

    cdef int leave(self) except -1:
        self.busy = False
        return self.owner.leave()

    cdef int change(self) except -1:
        if self.busy:
            raise error_for(TCETHREAD, "threading error: the query is in use")
        return 0

    def addcond(self, name, op, expr):
        """Add a condition.

        Args:
            name: The column; empty or None = the primary key.
            op: A `TDBQC*` constant, with `TDBQCNEGATE` and `TDBQCNOIDX` as flags, or
                its name without the beginning, as in "STREQ"; "~" before it negates
                and "+" uses no index.
            expr: What to compare with: bytes, text, or a number. `TDBQCNUMBT` and the
                conditions on several words take them separated by spaces.

        Raises:
            ValueError: The condition is unknown, or the regular expression malformed.
        """
        cdef bytes column = c_text(b"" if name is None else name, "the column's name")
        cdef bytes operand = c_text(
            str(expr) if isinstance(expr, (int, float)) else expr, "the expression")
        cdef int bits = condition(op)
        cdef int kind = bits & ~FLAGS
        cdef regex_t compiled
        cdef const char *pattern
        self.change()
        if bits < 0 or kind > TDBQCFTSEX:
            raise ValueError(f"unknown condition {op!r}")
        if kind == TDBQCFTSAND or kind == TDBQCFTSOR:
            # WHY: the C library folds the rows and the query of FTSPH, and forgets the
            # query of these two, so "TOKYO" would find nothing.
            operand = folded(operand)
        if kind == TDBQCSTRRX:
            pattern = PyBytes_AS_STRING(operand)
            if pattern[0] == 42:
                pattern += 1                    # the C library's sign for "any case"
            if regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0:
                raise ValueError(f"malformed regular expression {expr!r}")
            regfree(&compiled)
        tctdbqryaddcond(
            self.query, PyBytes_AS_STRING(column), bits, PyBytes_AS_STRING(operand))
        return self

    def filter(self, column, op, expr):
        """Add a condition; the same as `addcond`."""
        return self.addcond(column, op, expr)

    def setorder(self, name, type=0):
        """Order the result by a column.

        Args:
            name: The column; empty or None = the primary key.
            type: A `TDBQO*` constant, or its name without the beginning, as in
                "NUMDESC"; a negative number removes the order.
        """
        cdef int bits = order_type(type)
        cdef bytes column = c_text(b"" if name is None else name, "the column's name")
        self.change()
        if bits > 3:
            raise ValueError(f"unknown order {type!r}")
        if bits < 0:
            free(self.query.oname)
            self.query.oname = NULL
        else:
            tctdbqrysetorder(self.query, PyBytes_AS_STRING(column), bits)
        return self

    def order(self, column, type=0):
        """Order the result by a column; the same as `setorder`."""
        return self.setorder(column, type)

    def setlimit(self, int max=-1, int skip=0):
        """Return at most `max` rows (-1: all) behind the first `skip`."""
        self.change()
        tctdbqrysetlimit(self.query, max, skip)
        return self

    def limit(self, int max=-1, int skip=0):
        """Return at most `max` rows (-1: all) behind the first `skip`."""
        return self.setlimit(max, skip)

    def search(self):
        """Run the query and return the primary keys as a list of bytes."""
        cdef TCLIST *keys
        self.enter()
        with nogil:
            keys = tctdbqrysearch(self.query)
        result = list_of(keys)
        self.leave()
        return result

    def keys(self):
        """Run the query and return the primary keys; the same as `search`."""
        return self.search()

    def __iter__(self):
        return iter(self.search())

    def rows(self):
        """Run the query and yield (primary key, row)."""
        for pkey in self.search():
            row = self.owner.fetch(pkey, missing)
            if row is not missing:
                yield pkey, row

    def count(self):
        """Run the query and return how many rows it finds, limit and skip applied."""
        return len(self.search())

    def searchout(self):
        """Remove every row the query finds."""
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            ok = tctdbqrysearchout(self.query)
            if not ok:
                code = tctdbecode(<TCTDB *>self.owner.db)
        self.leave()
        if not ok:
            self.owner.fail(code)

    def out(self):
        """Remove every row the query finds; the same as `searchout`."""
        self.searchout()

    def proc(self, function):
        """Call a function for each row the query finds, in one locked pass.

        Args:
            function: Called with the primary key and the row. What it returns is None
                or a sum of `TDBQPPUT` (store the row as the function changed it),
                `TDBQPOUT` (remove it) and `TDBQPSTOP` (end here). It must not use the
                table; an exception ends the pass, rows before it stay changed.
        """
        cdef Callback callback = Callback(self.owner, function)
        cdef boolean ok
        cdef int code = 0
        self.enter()
        with nogil:
            ok = tctdbqryproc(self.query, visit_row, <void *>callback)
            if not ok:
                code = tctdbecode(<TCTDB *>self.owner.db)
        self.leave()
        if not ok:
            self.owner.fail(code)

    def hint(self):
        """Return how the last search was done: indexes, scans, sorting, in lines."""
        self.change()
        return (<bytes>tctdbqryhint(self.query)).decode(errors="replace")

    def kwic(self, row, name=None, int width=32, int opts=0):
        """Return the places in a row where the words of the query stand.

        Args:
            row: The row, as a mapping.
            name: The column; None = that of the first condition.
            width: Letters on each side of a word.
            opts: `TCKWMUTAB`, `TCKWMUCTRL` or `TCKWMUBRCT` marks the words with tabs,
                control characters or brackets; `TCKWNOOVER` keeps places apart;
                `TCKWPULEAD` returns the beginning when no word is there.
        """
        cdef bytes text = None if name is None else c_text(name, "the column's name")
        cdef const char *ctext = NULL if text is None else PyBytes_AS_STRING(text)
        cdef TCMAP *columns
        cdef TCLIST *found
        self.change()
        if width < 0:
            raise ValueError("width must not be negative")
        if ctext == NULL and self.query.cnum == 0:
            return []
        columns = map_of(columns_of(row))
        found = tctdbqrykwic(self.query, columns, ctext, width, opts)
        tcmapdel(columns)
        return list_of(found)

    def metasearch(self, others, type=0):
        """Run several queries on this table and join their results.

        Args:
            others: The other queries.
            type: `TDBMSUNION`, `TDBMSISECT` or `TDBMSDIFF` (those of this query that
                none of the others finds), or "UNION", "ISECT", "DIFF". This query's
                order, limit and skip hold.
        """
        cdef list queries = [self, *others]
        cdef TDBQuery each
        cdef TDBQRY **pointers
        cdef TCLIST *keys
        cdef int count = <int>len(queries)
        cdef int index = 0
        cdef int join = JOINS.get(type, -1) if isinstance(type, str) else type
        if not 0 <= join <= 2:
            raise ValueError(f"unknown way to join queries {type!r}")
        for each in queries:
            each.change()
            if each.owner is not self.owner:
                raise ValueError("the queries are on different tables")
        if len(set(map(id, queries))) != count:
            raise ValueError("a query cannot be joined with itself")
        pointers = <TDBQRY **>malloc(count * sizeof(TDBQRY *))
        if pointers == NULL:
            raise MemoryError
        for each in queries:
            pointers[index] = each.query
            index += 1
        try:
            self.enter()
        except BaseException:
            free(pointers)
            raise
        for each in queries:
            each.busy = True
        with nogil:
            keys = tctdbmetasearch(pointers, count, join)
        free(pointers)
        for each in queries:
            each.busy = False
        result = list_of(keys)
        self.leave()
        return result

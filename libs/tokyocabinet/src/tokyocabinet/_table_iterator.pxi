# Iteration over a table.


cdef class TableIterator(HashIterator):
    """Iterate over the primary keys, in the file's order."""

    def __init__(self, TDB owner not None, start=None):
        self.kind = KEYS
        self.hdb = (<TCTDB *>owner.db).hdb
        self.init = <plain_call>tctdbiterinit
        self.jump = <jump_call>tctdbiterinit2
        self.step = <next_call>tctdbiternext
        self.begin(owner, None if start is None else encoded(start))


def rows(TDB table, start=None):
    """Yield (primary key, row) of every row, from that of the key `start` on."""
    for pkey in TableIterator(table, start):
        row = table.fetch(pkey, missing)
        if row is not missing:      # removed since its block was read
            yield pkey, row

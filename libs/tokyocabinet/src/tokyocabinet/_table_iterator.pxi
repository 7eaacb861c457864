# Iteration over a table.


cdef class TableIterator(HashIterator):
    """Iterate over the primary keys, in the file's order."""

    def __init__(self, Database owner not None):
        self.kind = KEYS
        self.hdb = (<TCTDB *>owner.db).hdb
        self.init = <plain_call>tctdbiterinit
        self.jump = <jump_call>tctdbiterinit2
        self.step = <next_call>tctdbiternext
        self.begin(owner)


def rows(TDB table):
    """Yield (primary key, row) of every row."""
    for pkey in TableIterator(table):
        row = table.fetch(pkey, missing)
        if row is not missing:      # removed since its block was read
            yield pkey, row

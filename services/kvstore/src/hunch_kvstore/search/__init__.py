"""Search over hashes: the FT.* commands and the index behind them.

    query text ─ lexer ▸ parser ─▶ nodes ─ plan ─▶ cursors over posting lists ─▶ ids ─▶ reply

The index lives in the engine's keyspace under ``b"x"`` and is written in the transaction
of the hash it describes. Documents are numbered so that ascending numbers are descending
values of the index's first SORTABLE NUMERIC field: "newest 30 of these tags" reads the
first chunk or two of each list and stops. `documents` and `postings` say how.
"""

from .catalog import Catalog

__all__ = ["Catalog"]

"""Tokyo Cabinet for Python: hash, B+ tree, fixed-length, table and abstract databases.

    with HDB("casket.tch", "c") as db:
        db[b"key"] = b"value"

The names are those of the C API; `tokyocabinet.tc` speaks the dialect of the first
Python binding, whose `get` raises. See docs/tokyocabinet.md.
"""

from collections.abc import MutableMapping

from tokyocabinet import constant
from tokyocabinet._abstract import ADB
from tokyocabinet._database import REMOVE, Database
from tokyocabinet._fixed import FDB
from tokyocabinet._hash import HDB
from tokyocabinet._table import TDB, TDBQuery
from tokyocabinet._tree import BDB, BDBCursor
from tokyocabinet.constant import *  # noqa: F403 - they are the C API's names
from tokyocabinet.error import (
    CorruptFileError,
    DiskError,
    Error,
    FileMissingError,
    InvalidOperationError,
    LockError,
    NoPermissionError,
    RecordExistsError,
    RecordMissingError,
    ThreadError,
)

__all__ = [
    "ADB",
    "BDB",
    "FDB",
    "HDB",
    "REMOVE",
    "TDB",
    "BDBCursor",
    "CorruptFileError",
    "Database",
    "DiskError",
    "Error",
    "FileMissingError",
    "InvalidOperationError",
    "LockError",
    "NoPermissionError",
    "RecordExistsError",
    "RecordMissingError",
    "TDBQuery",
    "ThreadError",
]
__all__ += constant.__all__

for _kind in (HDB, BDB, FDB, TDB, ADB):
    MutableMapping.register(_kind)

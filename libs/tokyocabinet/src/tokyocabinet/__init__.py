"""Tokyo Cabinet for Python: hash, B+ tree, fixed-length, table and abstract databases.

    with HDB("casket.tch", "c") as db:
        db[b"key"] = b"value"

The names are those of the C API; `tokyocabinet.tc` speaks the dialect of the first
Python binding, whose `get` raises. See docs/tokyocabinet.md.
"""

from collections.abc import MutableMapping

from tokyocabinet._abstract import ADB as ADB
from tokyocabinet._database import REMOVE as REMOVE
from tokyocabinet._database import Database as Database
from tokyocabinet._fixed import FDB as FDB
from tokyocabinet._hash import HDB as HDB
from tokyocabinet._table import TDB as TDB
from tokyocabinet._table import TDBQuery as TDBQuery
from tokyocabinet._tree import BDB as BDB
from tokyocabinet._tree import BDBCursor as BDBCursor
from tokyocabinet.constant import *  # noqa: F403 - they are the C API's names
from tokyocabinet.error import (
    CorruptFileError as CorruptFileError,
)
from tokyocabinet.error import (
    DiskError as DiskError,
)
from tokyocabinet.error import (
    Error as Error,
)
from tokyocabinet.error import (
    FileMissingError as FileMissingError,
)
from tokyocabinet.error import (
    InvalidOperationError as InvalidOperationError,
)
from tokyocabinet.error import (
    LockError as LockError,
)
from tokyocabinet.error import (
    NoPermissionError as NoPermissionError,
)
from tokyocabinet.error import (
    RecordExistsError as RecordExistsError,
)
from tokyocabinet.error import (
    RecordMissingError as RecordMissingError,
)
from tokyocabinet.error import (
    ThreadError as ThreadError,
)

for _kind in (HDB, BDB, FDB, TDB, ADB):
    MutableMapping.register(_kind)

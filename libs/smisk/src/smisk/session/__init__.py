"""Sessions and the stores that keep them."""

from smisk.session.file import FileStore
from smisk.session.memory import MemoryStore
from smisk.session.resp import RESPStore
from smisk.session.session import Claims, Sessions, SessionSlot, Store

__all__ = [
    "Claims",
    "FileStore",
    "MemoryStore",
    "RESPStore",
    "SessionSlot",
    "Sessions",
    "Store",
]

"""Sessions and the stores that keep them."""

from smisk.session.session import Sessions, SessionSlot
from smisk.session.store import Claims, FileStore, MemoryStore, RESPStore, Store

__all__ = [
    "Claims", "FileStore", "MemoryStore", "RESPStore", "SessionSlot", "Sessions", "Store",
]  # fmt: skip

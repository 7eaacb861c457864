"""Sessions in a RESP store: shared by every worker of every machine."""

from smisk.resp import Connection


class RESPStore:
    """Keeps sessions in a store that speaks RESP; it ends them by itself.

    Args:
        store: A connection, or the URL of one.
        prefix: What the keys begin with.
    """

    def __init__(self, store: Connection | str, prefix: str = "session:") -> None:
        self._store = Connection(store) if isinstance(store, str) else store
        self._prefix = prefix

    def read(self, session_id: str) -> bytes | None:
        raw = self._store("GET", self._prefix + session_id)
        return raw if isinstance(raw, bytes) else None

    def write(self, session_id: str, raw: bytes, ttl_s: int) -> None:
        self._store("SET", self._prefix + session_id, raw, "EX", ttl_s)

    def refresh(self, session_id: str, ttl_s: int) -> None:
        self._store("EXPIRE", self._prefix + session_id, ttl_s)

    def claim(self, name: str, ttl_s: int) -> bool:
        key = f"{self._prefix}claim:{name}"
        return self._store("SET", key, "1", "NX", "EX", ttl_s) is not None

    def destroy(self, session_id: str) -> None:
        self._store("DEL", self._prefix + session_id)

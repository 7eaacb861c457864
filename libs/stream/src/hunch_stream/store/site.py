"""The store of one site: a connection, with what is asked and what is committed."""

from __future__ import annotations

import datetime as dt

from hunch_stream.store.connection import Connection
from hunch_stream.store.reader import Reader
from hunch_stream.store.writer import Writer


class Store(Reader, Writer):
    """One site's stream in the store.

    Example:
        >>> store = Store.connect("unix:///run/hunch/kvstore.sock", "me")
        >>> store.page(parse("type:picture+autumn")).items
    """

    def __init__(
        self, connection: Connection, site: str, zone: dt.tzinfo = dt.UTC
    ) -> None:
        Reader.__init__(self, connection, site, zone)
        Writer.__init__(self, connection, site, zone)

    @classmethod
    def connect(
        cls, url: str, site: str, *, zone: dt.tzinfo = dt.UTC, timeout_s: float = 2.0
    ) -> Store:
        """Return the store of a site; the connection is opened on first use.

        Args:
            url: `unix:///path/to/kvstore.sock` or `redis://[:password@]host:port/0`.
            site: The site's id, the hash tag of all its keys.
            zone: The site's time zone; days begin and end in it.
            timeout_s: Bound on connecting and on each reply.

        Raises:
            StoreError: If `url` is no store address.
        """
        return cls(Connection(url, timeout_s=timeout_s), site, zone)

    def close(self) -> None:
        """Close every connection; the object may be used again."""
        self._connection.close()

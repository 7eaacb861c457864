"""The one client of the store; nothing else in the project imports redis.

`Store` joins a connection with the questions that the site asks (`reader`) and the
commits that the aggregator makes (`writer`). It speaks only commands that Redis with
the search module, Redis 8 and Kvrocks have as well, so that the store can be any of
them.
"""

from hunch_stream.store.connection import StoreError, StoreUnavailable
from hunch_stream.store.reader import Explanation, Page, TermCount
from hunch_stream.store.site import Store
from hunch_stream.store.writer import Change, Commit, Committed, StoredItem

__all__ = [
    "Change",
    "Commit",
    "Committed",
    "Explanation",
    "Page",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "StoredItem",
    "TermCount",
]

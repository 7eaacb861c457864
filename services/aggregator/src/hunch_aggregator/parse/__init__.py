"""Parsing: bytes in, entries out, whatever the format.

`pool` is the way in; the work is done in child processes. One module per format.
Knows nothing of fetching, of the store, or of what was there before.
"""

from .entry import (
    DocumentJob,
    Links,
    Parsed,
    ParsedEntry,
    ParsedFeed,
    ParsedMedia,
    Picture,
    PictureJob,
    Unreadable,
)
from .pool import ParsePool

__all__ = [
    "DocumentJob",
    "Links",
    "ParsePool",
    "Parsed",
    "ParsedEntry",
    "ParsedFeed",
    "ParsedMedia",
    "Picture",
    "PictureJob",
    "Unreadable",
]

"""What of an entry counts as a change.

View counts, sizes, dates of modification and the signatures in picture addresses
change with every fetch and mean nothing; they are left out, so that a second sync of a
source that nobody touched changes nothing.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from hunch_aggregator.parse import ParsedEntry
from hunch_stream.source import SourceConfig

# Raise it when a parser learns something that stored items should get as well.
PARSER_VERSION = 1
_IMG_QUERY = re.compile(r'(<img\s[^>]*?src="[^"?]*)\?[^"]*"')


def recipe(source: SourceConfig) -> str:
    """Return a short mark of how items are made: the parser and the owner's wishes."""
    seed = (PARSER_VERSION, source.type, source.service, source.tags)
    return hashlib.sha256(msgspec.json.encode(seed)).hexdigest()[:8]


def fingerprint(entry: ParsedEntry, source: SourceConfig) -> str:
    """Return a mark that changes exactly when the entry means something else."""
    seed = (
        recipe(source),
        entry.guid,
        entry.url,
        entry.title,
        entry.summary,
        _IMG_QUERY.sub(r'\1"', entry.content_html),
        entry.tags,
        entry.author,
        [(m.url.partition("?")[0], m.type, m.alt, m.duration_s) for m in entry.media],
        entry.syndication,
        entry.canonical,
        entry.in_reply_to,
        entry.language,
        entry.kind,
        entry.rating,
        entry.gone,
    )
    return hashlib.sha256(msgspec.json.encode(seed)).hexdigest()[:32]

"""Filling an index from the hashes that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from hunch_kvstore.engine import Engine, WritesRefused
from hunch_kvstore.keyspace.encoding import META, after

from .catalog import Catalog
from .folding import FOLDING
from .index import Fields
from .schema import Schema

if TYPE_CHECKING:
    from hunch_kvstore.keyspace.keyspace import Keyspace


def covered(keys: Keyspace, schema: Schema) -> Iterator[tuple[bytes, Fields]]:
    """Yield the hashes an index covers, each once, in key order."""
    done: list[bytes] = []
    for prefix in sorted(schema.raw_prefixes):
        if any(prefix.startswith(other) for other in done):
            continue
        done.append(prefix)
        for raw, _ in keys.tx.scan(META + prefix, after(META + prefix)):
            key = raw[len(META) :]
            if keys.type_name(key) == b"hash":
                yield key, dict(keys.hash(key).items())


def refold(catalog: Catalog, keys: Keyspace, engine: Engine) -> None:
    """Make those indexes anew whose words were folded otherwise than today's.

    WHY: a document is taken out of the lists of the words that its text has today, so
    other words of an old index would keep pointing at it.
    """
    old = [index.schema for index in catalog if index.schema.folding != FOLDING]
    for schema in old:
        try:
            with engine.begin() as tx:
                now = replace(schema, folding=FOLDING)
                catalog.put(tx, now, covered(keys, schema))
        except WritesRefused:
            catalog.reload(engine)  # the next start tries again
            return

"""Filling an index from the hashes that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from hunch_kvstore.engine import Engine, WritesRefused
from hunch_kvstore.keyspace.encoding import META, after

from .catalog import Catalog
from .folding import FOLDING
from .index import Fields
from .keys import SCHEMAS
from .schema import Schema

if TYPE_CHECKING:
    from hunch_kvstore.keyspace.keyspace import Keyspace

BATCH: Final = 500
"""So many hashes are indexed anew in one transaction."""
SAID_EVERY_S: Final = 5.0

Progress = Callable[[str, int, int], None]
"""Told an index's name, how many documents are done, and of how many."""


def covered(keys: Keyspace, schema: Schema) -> Iterator[tuple[bytes, Fields]]:
    """Yield the hashes an index covers, each once, in key order."""
    for key in _names(keys, schema):
        yield key, dict(keys.hash(key).items())


def _names(keys: Keyspace, schema: Schema) -> Iterator[bytes]:
    done: list[bytes] = []
    for prefix in sorted(schema.raw_prefixes):
        if any(prefix.startswith(other) for other in done):
            continue
        done.append(prefix)
        for raw, _ in keys.tx.scan(META + prefix, after(META + prefix)):
            key = raw[len(META) :]
            if keys.type_name(key) == b"hash":
                yield key


def refold(
    catalog: Catalog, keys: Keyspace, engine: Engine, progress: Progress
) -> None:
    """Make those indexes anew whose words were folded otherwise than today's.

    WHY: a document is taken out of the lists of the words that its text has today, so
    other words of an old index would keep pointing at it. `progress` is called at the
    begin of each, every five seconds, and at its end.
    """
    old = [index.schema for index in catalog if index.schema.folding != FOLDING]
    try:
        for schema in old:
            _refill(catalog, keys, engine, schema, progress)
    except WritesRefused:
        pass  # the next start tries again
    if old:
        catalog.reload(engine)


def _refill(
    catalog: Catalog,
    keys: Keyspace,
    engine: Engine,
    schema: Schema,
    progress: Progress,
) -> None:
    """Empty an index and fill it again, a batch of hashes at a time.

    WHY not as FT.CREATE does, at once: a commit has a size it cannot pass, and a store
    that could not be opened for that would be lost. Until the end the schema says that
    its words are not folded at all, so a start that is cut short is begun again.
    """
    with engine.begin() as tx:
        catalog.put(tx, replace(schema, folding=0), ())
    index = catalog.get(schema.name)
    assert index is not None
    names = list(_names(keys, schema))
    progress(schema.name, 0, len(names))
    said_s = monotonic()
    for at in range(0, len(names), BATCH):
        with engine.begin() as tx:
            for key in names[at : at + BATCH]:
                index.update(tx, key, None, dict(keys.hash(key).items()))
        engine.flush()
        now_s = monotonic()
        engine.tick(now_s)
        if now_s - said_s >= SAID_EVERY_S:
            progress(schema.name, min(at + BATCH, len(names)), len(names))
            said_s = now_s
    with engine.begin() as tx:
        name = schema.name.encode("utf-8", "surrogateescape")
        tx.put(SCHEMAS + name, replace(schema, folding=FOLDING).dump())
    engine.flush()
    progress(schema.name, len(names), len(names))

"""The record of an item in the store: what is indexed of it, and the item whole."""

from __future__ import annotations

from typing import Any

import msgspec

from hunch_stream import item as item_codec
from hunch_stream.item import Item
from hunch_stream.store.connection import StoreError

# One field list for the index, here and nowhere else.
SCHEMA = (
    "source", "TAG", "service", "TAG", "type", "TAG",
    "tags", "TAG", "SEPARATOR", ",", "state", "TAG",
    "text", "TEXT", "published", "NUMERIC", "SORTABLE",
)  # fmt: skip


def record(item: Item, fingerprint: str) -> dict[Any, Any]:
    """Return the fields of an item's hash: those of the index, and the item whole."""
    return {
        "source": item.source,
        "service": item.service,
        "type": item.type,
        "tags": ",".join(item.tags),
        "state": "merged" if item.same_as and item.state != "gone" else item.state,
        "text": item.text,
        "published": item.position,
        "json": item_codec.encode(item),
        "fingerprint": fingerprint,
    }


def decoded(raw: bytes) -> Item:
    """Return the item of a record's `json` field.

    Raises:
        StoreError: If it is damaged.
    """
    try:
        return item_codec.decode(raw)
    except msgspec.MsgspecError as error:
        raise StoreError(f"an item is stored damaged: {error}") from error

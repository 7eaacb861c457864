"""`hunch forget SLUG`: take the items of a source that is no longer followed out of sight."""

from __future__ import annotations

import argparse

import msgspec

from hunch_aggregator.decide import copy_key
from hunch_stream.item import Item
from hunch_stream.query import Query, Term
from hunch_stream.source import SourceState
from hunch_stream.store import Change, Commit, Store

from .session import FAILED, OK, Session

NAME = "forget"
HELP = "take the items of a source that is no longer followed out of sight"
_PAGE = 200


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("slug", help="the source, already removed from hunch.toml")


def run(session: Session) -> int:
    """Mark every item of the source as gone; following it again brings them back."""
    slug = session.arguments.slug
    config = session.config()
    if any(source.slug == slug for source in config.sources):
        session.complain(f"{slug} is still followed; remove it from hunch.toml first")
        return FAILED
    store = session.store(config)
    state = store.source(slug)
    if state is None:
        session.complain(f"nothing is known of a source called {slug!r}")
        return FAILED
    count = 0
    query = Query((Term("source", slug),))
    while items := store.page(query, limit=_PAGE).items:
        changes: list[Change] = []
        for item in items:
            changes.append(
                _changed(store, item, msgspec.structs.replace(item, state="gone"))
            )
            for copy in _copies(store, item):
                alone = msgspec.structs.replace(copy, same_as="")
                changes.append(_changed(store, copy, alone))
        # WHY no validators: if it is ever followed again, it is read from the start
        empty = SourceState(slug=slug, config_url="", title=state.title)
        store.commit(Commit(empty, changes))
        count += len(items)
        session.progress(f"{count} items")
    if session.as_json:
        session.emit({"slug": slug, "gone": count})
    else:
        session.say(f"{slug}: {count} items taken out of sight")
    return OK


def _changed(store: Store, before: Item, after: Item) -> Change:
    stored = store.stored([before.id]).get(before.id)
    return Change(before, after, stored.fingerprint if stored else "")


def _copies(store: Store, item: Item) -> list[Item]:
    """Return the items of other sources for which an item stood."""
    ids = store.resolve_aliases([copy_key(address) for address in item.syndication])
    found = store.items(list(ids.values()))
    return [copy for copy in found.values() if copy.same_as == item.id]

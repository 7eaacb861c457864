"""Items out of entries: what is new, and what an edit may change."""

from __future__ import annotations

import datetime as dt

import msgspec

from hunch_aggregator.markup import without_pictures
from hunch_aggregator.parse import ParsedEntry
from hunch_aggregator.parse.service import TYPE_OF_SERVICE, type_of
from hunch_stream.item import TYPES, Item, ItemType, Media
from hunch_stream.markup import plain_text
from hunch_stream.source import SourceConfig


def item_type(entry: ParsedEntry, source: SourceConfig, service: str) -> ItemType:
    """Return the type: the owner's wish, the entry's own, or the service's."""
    kind = source.type or _kind(entry, service)
    assert kind in TYPES
    return kind  # type: ignore[return-value]


def _kind(entry: ParsedEntry, service: str) -> str:
    if service and service in TYPE_OF_SERVICE and entry.kind in ("", "text", "note"):
        return type_of(service, bool(entry.title))
    if entry.kind in TYPES:
        return entry.kind
    return type_of(service, bool(entry.title))


def tags_of(entry: ParsedEntry, source: SourceConfig) -> tuple[str, ...]:
    """Return the entry's tags and those the owner gives to the whole source."""
    return tuple(dict.fromkeys((*entry.tags, *source.tags)))


def media_of(entry: ParsedEntry, before: Item | None) -> tuple[Media, ...]:
    """Return the media of an entry, with copies that were made for it before."""
    kept = {_bare(m.url): m for m in before.media if m.path} if before else {}
    made: list[Media] = []
    for one in entry.media:
        media = msgspec.convert(msgspec.structs.asdict(one), Media)
        copy = kept.get(_bare(one.url))
        if copy is not None:
            media = msgspec.structs.replace(
                media,
                path=copy.path,
                type=copy.type,
                width=copy.width,
                height=copy.height,
            )
        made.append(media)
    return tuple(made)


def _bare(url: str) -> str:
    return url.partition("?")[0]


def new_item(
    entry: ParsedEntry,
    item_id: str,
    source: SourceConfig,
    service: str,
    first_seen: dt.datetime,
) -> Item:
    """Make the item of an entry that was never seen before."""
    return Item(
        id=item_id,
        source=source.slug,
        service=service,
        type=item_type(entry, source, service),
        guid=entry.guid,
        first_seen=first_seen,
        # WHY: Atom demands `updated` only; at first sight it is when it was published
        published=entry.published or entry.updated,
        updated=entry.updated if entry.published else None,
        url=entry.url,
        title=entry.title,
        summary=entry.summary,
        content_html=entry.content_html,
        tags=tags_of(entry, source),
        author=entry.author,
        media=media_of(entry, None),
        syndication=entry.syndication,
        in_reply_to=entry.in_reply_to,
        language=entry.language,
        rating=entry.rating,
    )


def changed_item(
    before: Item,
    entry: ParsedEntry,
    source: SourceConfig,
    service: str,
    now: dt.datetime,
) -> Item:
    """Make the item anew after its entry changed.

    Both times by which it is ordered stay as they were decided at first sight, so an
    edit never moves it. It counts as edited when readers would see other words.
    """
    made = msgspec.structs.replace(
        before,
        guid=entry.guid,
        service=service,
        type=item_type(entry, source, service),
        url=entry.url,
        title=entry.title,
        summary=entry.summary,
        content_html=entry.content_html,
        tags=tags_of(entry, source),
        author=entry.author,
        media=media_of(entry, before),
        syndication=tuple(dict.fromkeys((*entry.syndication, *before.syndication))),
        in_reply_to=entry.in_reply_to,
        language=entry.language,
        rating=entry.rating,
    )
    if _words(made) != _words(before):
        return msgspec.structs.replace(
            made, state="edited", updated=entry.updated or now
        )
    state = "live" if before.state == "gone" else before.state
    return msgspec.structs.replace(made, state=state)


def _words(item: Item) -> tuple[str, str, str]:
    # WHY: pictures become copies or links after this, so only words are compared
    body = plain_text(without_pictures(item.content_html))
    return (item.title, item.summary, body)

"""One item: `/item/<id>`."""

from __future__ import annotations

import dataclasses

from hunch_stream import item as items
from hunch_stream.query import Query
from hunch_web.answer import Moment, Recipe, answer
from hunch_web.controller.stream import Root
from hunch_web.feed.document import Document, entries
from hunch_web.view.card import Card, card
from hunch_web.view.page import Page, signs
from smisk import http
from smisk.mvc import expose


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage(Page):
    """One item whole, and the ones beside it in the stream."""

    card: Card
    newer: Card | None
    older: Card | None


class Item(Root):
    """Items, each under its id."""

    @expose(None, route="/item/<id>", methods=("GET",))
    def show(self, id: str) -> bytes:
        """Show one item."""

        def page(moment: Moment) -> ItemPage:
            return self._page(self._found(id), moment)

        def data(moment: Moment) -> Document:
            return self._document(self._found(id), moment)

        return answer(self.site, Recipe("item.html", page, data))

    def _found(self, item_id: str) -> items.Item:
        # LIMIT: an id is 20 hex digits; nothing longer needs to trouble the store.
        found = None
        if len(item_id) <= 64:
            found = self.site.reading.ask(lambda one: one.item(item_id))
        if found is None:
            raise http.NotFound("There is no such item in this stream.")
        if found.state == "gone":
            # WHY nothing of it: who removes a post means it, also here.
            raise http.Gone("It was removed where it was published.")
        if found.same_as:
            raise http.MovedPermanently(f"/item/{found.same_as}")
        return found

    def _page(self, item: items.Item, moment: Moment) -> ItemPage:
        site, labels = self.site.view, moment.chrome.labels
        newer, older = self.site.reading.ask(
            lambda one: one.neighbours(item.position, Query())
        )
        shown = card(item, site.zone, labels, whole=True)
        filters = moment.chrome.at("")
        return ItemPage(
            title=shown.name,
            address=shown.permalink,
            description=" ".join(item.summary.split())[:200],
            og_type="article",
            image=shown.pictures[0].address if shown.pictures else "",
            card=shown,
            newer=card(newer, site.zone, labels) if newer else None,
            older=card(older, site.zone, labels) if older else None,
            filters=filters,
            signs=signs([shown], filters),
            year=moment.today.year,
        )

    def _document(self, item: items.Item, moment: Moment) -> Document:
        site, chrome = self.site.view, moment.chrome
        path = f"/item/{item.id}"
        found = entries([item], site, chrome.labels)
        return Document(
            site=site,
            title=f"{site.title}: {found[0].name}",
            home=site.absolute(path),
            own=site.absolute(path),
            query=f"item/{item.id}",
            photo=site.absolute(chrome.photo) if chrome.photo else "",
            entries=found,
            cursor=None,
        )

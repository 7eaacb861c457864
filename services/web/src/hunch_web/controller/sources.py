"""Where the stream comes from: `/sources` and `/opml`."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote
from xml.etree import ElementTree as ET

from hunch_stream.source import SourceState
from hunch_web.answer import Moment, Recipe, answer
from hunch_web.controller.stream import PLAIN, Root
from hunch_web.view.card import Link
from hunch_web.view.health import SourceView, source_views, summary
from hunch_web.view.page import Page, signs
from hunch_web.view.site import SiteView
from smisk.mvc import expose


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourcesPage(Page):
    """The health of every source."""

    sources: tuple[SourceView, ...]


class Sources(Root):
    """Sources and their health."""

    @expose(None, route="/sources", formats=PLAIN, methods=("GET",))
    def health(self) -> bytes:
        """Show every source."""
        recipe = Recipe("sources.html", self._page, self._data, is_lasting=False)
        return answer(self.site, recipe)

    @expose(None, route="/opml", formats=("opml",), methods=("GET",))
    def opml(self) -> bytes:
        """List every source for a feed reader."""
        return answer(
            self.site, Recipe("", self._page, self._outline, is_lasting=False)
        )

    def _states(self) -> tuple[SourceState, ...]:
        return self.site.reading.ask(lambda one: one.sources())

    def _views(self, moment: Moment) -> tuple[SourceView, ...]:
        return source_views(self._states(), moment.chrome.labels, moment.now)

    def _page(self, moment: Moment) -> SourcesPage:
        views = self._views(moment)
        filters = moment.chrome.at("")
        marks = {view.mark.sign for view in views}
        return SourcesPage(
            title="Sources",
            address="/sources",
            lede=summary(views),
            empty="Add one with “hunch add https://…”.",
            sources=views,
            views=(Link("All of them as OPML", "/opml"),),
            filters=filters,
            signs=tuple(sorted({*signs((), filters), *marks})),
            year=moment.today.year,
        )

    def _data(self, moment: Moment) -> dict[str, object]:
        rows = [dataclasses.asdict(view) for view in self._views(moment)]
        return {"summary": summary(self._views(moment)), "sources": rows}

    def _outline(self, moment: Moment) -> bytes:
        return outline(self._states(), moment, self.site.view)


def outline(states: tuple[SourceState, ...], moment: Moment, site: SiteView) -> bytes:
    """Return all sources as OPML 2.0.

    Each is listed with our feed of it: the person's own address of a source may carry
    a token that is nobody's business.
    """
    opml = ET.Element("opml", {"version": "2.0"})
    head = ET.SubElement(opml, "head")
    ET.SubElement(head, "title").text = site.title
    ET.SubElement(head, "ownerName").text = site.author
    ET.SubElement(head, "ownerId").text = site.url
    body = ET.SubElement(opml, "body")
    for state in states:
        label = moment.chrome.labels.get(state.slug, state.slug)
        attributes = {
            "type": "rss",
            "text": label,
            "title": label,
            "xmlUrl": site.absolute(f"/feed/source:{quote(state.slug)}.rss"),
            "htmlUrl": site.absolute(f"/tags/source:{quote(state.slug)}"),
        }
        ET.SubElement(body, "outline", attributes)
    return bytes(ET.tostring(opml, encoding="utf-8", xml_declaration=True))

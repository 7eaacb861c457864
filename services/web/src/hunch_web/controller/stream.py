"""The stream and the three views of a query: `/`, `/tags/`, `/feed/`, `/explain/`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from hunch_stream import query
from hunch_stream.query import Query, QueryError
from hunch_web.answer import Moment, Recipe, answer
from hunch_web.listing import Listing, views
from hunch_web.view.card import Link, query_path
from hunch_web.view.facet import Facet, facets
from hunch_web.view.page import Page, signs
from hunch_web.view.search import search_query
from hunch_web.view.words import count, describe, describe_term
from smisk import http
from smisk.mvc import Controller, expose

if TYPE_CHECKING:
    from hunch_stream.store import Explanation
    from hunch_web.app import Site

FEEDS = ("atom", "rss", "json", "xspf")
# What has items is offered in every format; what has none in these.
PLAIN = ("html", "json", "txt", "plist")
MOST_TAGS = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    """One term of an explained query."""

    label: str
    words: str
    count: int
    address: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExplainPage(Page):
    """How a query is carried out."""

    query: str
    compiled: str
    plan: str
    terms: tuple[TermRow, ...]
    total: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage(Page):
    """Search with nothing to search for yet: what there is, and what one can ask."""

    hints: tuple[Link, ...] = ()
    kinds: tuple[Facet, ...] = ()
    tags: tuple[Facet, ...] = ()


class Root(Controller):
    """The stream itself."""

    slug = "root"

    @property
    def site(self) -> Site:
        """The application with all that a page needs."""
        return cast("Site", self.application)

    @expose(methods=("GET",))
    def __call__(self, before: int | None = None) -> bytes:
        """Show the newest items."""
        return answer(self.site, Listing(self.site, "/", Query(), before).recipe())

    @expose(None, route="/tags/<q:path>", methods=("GET",))
    def tags(self, q: str, before: int | None = None) -> bytes:
        """Show what a query finds."""
        asked = read_query(q)
        listing = Listing(self.site, f"/tags/{query_path(asked)}", asked, before)
        return answer(self.site, listing.recipe())

    @expose(None, route="/tags", methods=("GET",))
    def all_tags(self) -> None:
        """Lead to the page that lists them."""
        raise http.MovedPermanently("/search")

    @expose(formats=FEEDS, methods=("GET",))
    def feed(self, before: int | None = None) -> bytes:
        """Feed of the whole stream."""
        listing = Listing(self.site, "/", Query(), before)
        return answer(self.site, listing.recipe(is_feed=True))

    @expose(None, route="/feed/<q:path>", formats=FEEDS, methods=("GET",))
    def query_feed(self, q: str, before: int | None = None) -> bytes:
        """Feed of what a query finds."""
        asked = read_query(q)
        listing = Listing(self.site, f"/tags/{query_path(asked)}", asked, before)
        return answer(self.site, listing.recipe(is_feed=True))

    @expose(
        None,
        route=("/explain/<q:path>", "/explain"),
        formats=PLAIN,
        methods=("GET",),
    )
    def explain(self, q: str = "") -> bytes:
        """Explain how a query is carried out."""
        asked = read_query(q)

        def ask() -> Explanation:
            return self.site.reading.ask(lambda one: one.explain(asked))

        def page(moment: Moment) -> ExplainPage:
            return explain_page(ask(), moment)

        def data(_: Moment) -> dict[str, object]:
            found = ask()
            return {
                "query": str(found.query),
                "compiled": found.compiled,
                "plan": found.plan,
                "terms": [{"term": str(t.term), "count": t.count} for t in found.terms],
                "total": found.total,
            }

        return answer(self.site, Recipe("explain.html", page, data))

    @expose(methods=("GET",))
    def search(self, q: str = "", before: int | None = None) -> bytes:
        """Show what words find."""
        q = q.strip()
        if not q:
            recipe = Recipe("search.html", self._nothing_asked, self._facets)
            return answer(self.site, recipe)
        try:
            asked = search_query(q)
        except QueryError as error:
            raise http.BadRequest(str(error)) from error
        title = f"Search: {q}"
        listing = Listing(self.site, "/search", asked, before, title, (("q", q),))

        def page(moment: Moment) -> Page:
            found = listing.page(moment)
            words = describe(asked, moment.chrome.labels)
            return dataclasses.replace(found, search=q, lede=f"{words}. {found.lede}.")

        recipe = dataclasses.replace(listing.recipe(), page=page)
        return answer(self.site, recipe)

    def _facets(self, _: Moment) -> dict[str, dict[str, int]]:
        return self.site.reading.ask(lambda one: one.facets())

    def _nothing_asked(self, moment: Moment) -> SearchPage:
        return search_page(moment, self._facets(moment))


def read_query(text: str) -> Query:
    """Read the query of an address; a wrong one is answered with what would do.

    Raises:
        http.BadRequest: If it cannot be read.
    """
    try:
        return query.parse(text)
    except QueryError as error:
        raise http.BadRequest(f"This query cannot be read: {error}.") from error


def explain_page(found: Explanation, moment: Moment) -> ExplainPage:
    """Return what the page about a query shows."""
    labels = moment.chrome.labels
    path = query_path(found.query)
    filters = moment.chrome.at("")
    return ExplainPage(
        title=f"How {found.query or 'everything'} is found",
        address=f"/explain/{path}" if path else "/explain",
        lede=f"{describe(found.query, labels)}: {count(found.total)}.",
        views=(Link("See them", f"/tags/{path}"), *views(path)[:3]) if path else (),
        query=str(found.query),
        compiled=found.compiled,
        plan=found.plan.rstrip(),
        terms=tuple(
            TermRow(
                label=str(one.term),
                words=describe_term(one.term, labels),
                count=one.count,
                address=f"/tags/{query_path(one.term)}",
            )
            for one in found.terms
        ),
        total=found.total,
        is_indexed=False,
        filters=filters,
        signs=signs((), filters),
        year=moment.today.year,
    )


def search_page(moment: Moment, counts: Mapping[str, Mapping[str, int]]) -> SearchPage:
    """Return the page for a search without words."""
    filters = moment.chrome.at("")
    return SearchPage(
        title="Search",
        address="/search",
        lede=f"Look through {count(moment.chrome.total)}.",
        is_indexed=False,
        kinds=facets("type", counts.get("type", {})),
        tags=facets("tag", counts.get("tag", {}))[:MOST_TAGS],
        hints=(
            Link("slow software", "both words in the text"),
            Link('"slow software"', "exactly these words"),
            Link("#autumn", "tagged autumn"),
            Link("type:picture snow", "photos with snow in their text"),
            Link("service:mastodon -loom", "from Mastodon, without the word loom"),
            Link("after:2026-01 before:2026-03", "January and February 2026"),
        ),
        filters=filters,
        signs=signs((), filters),
        year=moment.today.year,
    )

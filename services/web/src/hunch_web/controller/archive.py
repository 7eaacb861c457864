"""The archive: `/2026/`, `/2026/11/`, `/2026/11/22/`."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt

from hunch_stream.query import Query, Term
from hunch_web.answer import Moment, answer
from hunch_web.controller.stream import Root
from hunch_web.listing import Listing
from hunch_web.view import heat
from hunch_web.view.card import Link
from hunch_web.view.page import Page
from hunch_web.view.when import long_day
from hunch_web.view.words import count
from smisk import http
from smisk.mvc import expose

ROUTE = r"^/(?P<year>\d{4})(?:/(?P<month>\d{1,2})(?:/(?P<day>\d{1,2}))?)?/?$"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage(Page):
    """The items of one year, month or day."""

    strip: heat.Strip
    earlier: Link | None = None
    later: Link | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """A year, month or day."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def first(self) -> dt.date:
        """Its first day; raises ValueError if there is no such period."""
        return dt.date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        month = self.month or 12
        return dt.date(
            self.year, month, self.day or calendar.monthrange(self.year, month)[1]
        )

    @property
    def name(self) -> str:
        """The period in words."""
        if self.day:
            return long_day(self.first)
        if self.month:
            return f"{calendar.month_name[self.month]} {self.year}"
        return str(self.year)

    @property
    def path(self) -> str:
        """Where its archive is."""
        parts = [f"{self.year:04}"]
        parts += [f"{part:02}" for part in (self.month, self.day) if part]
        return f"/{'/'.join(parts)}/"

    def around(self, date: dt.date) -> Period:
        """Return the period of the same length that a day belongs to."""
        return Period(
            date.year,
            date.month if self.month else None,
            date.day if self.day else None,
        )

    def query(self) -> Query:
        """Return the query for its items."""
        terms = [Term("after", self.first.isoformat())]
        if self.last < dt.date.max:
            end = self.last + dt.timedelta(days=1)
            terms.append(Term("before", end.isoformat()))
        return Query(tuple(terms))


class Archive(Root):
    """The stream by date, newest first within each period."""

    @expose(None, route=ROUTE, methods=("GET",))
    def show(
        self,
        year: int,
        month: int | None = None,
        day: int | None = None,
        before: int | None = None,
    ) -> bytes:
        """Show one period."""
        period = Period(year, month, day)
        try:
            query = Query() if month == 0 or day == 0 else period.query()
        except ValueError:
            query = Query()
        if not query:
            raise http.NotFound("There is no such day.")
        listing = Listing(self.site, period.path, query, before, period.name)

        def page(moment: Moment) -> ArchivePage:
            days = self.site.reading.ask(lambda one: one.days())
            return archive_page(listing.page(moment), period, days)

        recipe = listing.recipe("archive.html")
        return answer(self.site, dataclasses.replace(recipe, page=page))


def archive_page(page: Page, period: Period, counts: dict[dt.date, int]) -> ArchivePage:
    """Return a listing with the strip and the neighbouring periods."""
    before, after = heat.neighbours(counts, period.first, period.last)
    total = sum(n for d, n in counts.items() if period.first <= d <= period.last)
    fields = {f.name: getattr(page, f.name) for f in dataclasses.fields(page)}
    return ArchivePage(
        **{**fields, "lede": count(total), "views": ()},
        strip=heat.strip(counts, period.year, period.month, period.day),
        earlier=_link(period.around(before)) if before else None,
        later=_link(period.around(after)) if after else None,
    )


def _link(period: Period) -> Link:
    return Link(period.name, period.path)

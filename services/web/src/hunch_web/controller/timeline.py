"""The timeline: `/timeline/`, where `#2026-11-22` names a day, `#2026-11` a month."""

from __future__ import annotations

import dataclasses

from hunch_web.answer import Moment, Recipe, answer
from hunch_web.controller.stream import PLAIN, Root
from hunch_web.view import heat
from hunch_web.view.page import Page, signs
from hunch_web.view.words import count
from smisk.mvc import expose


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage(Page):
    """All years with their days."""

    grids: tuple[heat.YearGrid, ...]


class Timeline(Root):
    """All there is, by day."""

    slug = "timeline"

    @expose(formats=PLAIN, methods=("GET",))
    def __call__(self) -> bytes:  # type: ignore[override]
        """Show the timeline."""
        return answer(self.site, Recipe("timeline.html", self._page, self._data))

    def _page(self, moment: Moment) -> TimelinePage:
        counts = self.site.reading.ask(lambda one: one.days())
        filters = moment.chrome.at("")
        total = sum(counts.values())
        first = min(counts, default=None)
        since = f" since {first.year}" if first else ""
        return TimelinePage(
            title="Timeline",
            address="/timeline/",
            lede=f"{count(total)}{since}, day by day.",
            empty="Nothing here yet.",
            grids=heat.grids(counts),
            filters=filters,
            signs=signs((), filters),
            year=moment.today.year,
        )

    def _data(self, _: Moment) -> dict[str, object]:
        counts = self.site.reading.ask(lambda one: one.days())
        return {"days": {str(day): counts[day] for day in sorted(counts, reverse=True)}}

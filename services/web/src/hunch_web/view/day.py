"""Items grouped as the stream shows them: by day, and within a day by burst."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator

from hunch_web.view import when
from hunch_web.view.card import Card

# What comes in bursts and says little one by one: pushes, plays, bookmarks of films.
_BURSTS = frozenset({"code"})


@dataclasses.dataclass(frozen=True, slots=True)
class Burst:
    """Several small things done in a row at one place; newest first."""

    cards: tuple[Card, ...]
    type: str = "burst"

    @property
    def first(self) -> Card:
        """The newest of them, whose time and place stand for all."""
        return self.cards[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Day:
    """One day of the stream."""

    date: dt.date
    name: str
    words: str
    address: str
    entries: tuple[Card | Burst, ...]

    @property
    def count(self) -> int:
        """How many items it holds on this page."""
        return sum(len(e.cards) if isinstance(e, Burst) else 1 for e in self.entries)


def days(cards: Iterable[Card], zone: dt.tzinfo, today: dt.date) -> tuple[Day, ...]:
    """Group cards, newest first, under the days on which they were published."""
    return tuple(
        Day(
            date=date,
            name=when.day_name(date, today),
            words=when.day_date(date, today),
            address=f"/{date:%Y/%m/%d}/",
            entries=tuple(_bursts(group)),
        )
        for date, group in itertools.groupby(
            cards, key=lambda one: one.moment.astimezone(zone).date()
        )
    )


def _bursts(cards: Iterable[Card]) -> Iterator[Card | Burst]:
    for (kind, _), group in itertools.groupby(
        cards, key=lambda one: (one.type, one.source.address)
    ):
        members = tuple(group)
        if kind in _BURSTS and len(members) > 1:
            yield Burst(members)
        else:
            yield from members

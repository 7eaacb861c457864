"""How much there is on each day, as strips of warmer and cooler squares."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import TypeVar

from hunch_web.view.when import long_day

_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
LEVELS = 4
# PERF: a day costs 120 bytes of page; ten busy years are 400 KB before compression.
GRIDS = 10
# LIMIT: one item of the year 1 must not bring two thousand empty years with it.
_LONGEST = 60

K = TypeVar("K")


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One year, month or day.

    Attributes:
        label: What stands in the cell.
        name: The period in full.
        heat: 0 (nothing) to `LEVELS` (among the fullest).
        address: Its archive; empty if there is nothing in it.
    """

    label: str
    name: str
    count: int
    heat: int
    address: str
    is_current: bool = False

    @property
    def words(self) -> str:
        """What a screen reader should say."""
        return f"{self.name}: {self.count} item{'' if self.count == 1 else 's'}"


@dataclasses.dataclass(frozen=True, slots=True)
class Strip:
    """Rows of cells: all years, the months of one, the days of one month."""

    years: tuple[Cell, ...]
    months: tuple[Cell, ...] = ()
    days: tuple[Cell, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class GridDay:
    """One day in a year's grid: column is the week, row the weekday."""

    date: dt.date
    x: int
    y: int
    cell: Cell


@dataclasses.dataclass(frozen=True, slots=True)
class YearGrid:
    """A year as a grid of days, and its months with their sums."""

    year: Cell
    days: tuple[GridDay, ...]
    months: tuple[Cell, ...]


def heat_of(count: int, busiest: int) -> int:
    """Return the level of a count, in proportion to the square root.

    The root keeps one loud day (a holiday's photos) from cooling all others.
    """
    if count <= 0 or busiest <= 0:
        return 0
    return max(1, min(LEVELS, round(LEVELS * math.sqrt(count / busiest))))


def _share(count: int, busiest: int) -> int:
    return max(1, round(LEVELS * count / busiest)) if count > 0 else 0


def strip(
    counts: Mapping[dt.date, int],
    year: int | None = None,
    month: int | None = None,
    day: int | None = None,
) -> Strip:
    """Return the strip for an archive page, with the chosen period marked."""
    by_year = _sums((date.year, n) for date, n in counts.items())
    years = _cells(
        [
            (y, str(y), str(y), f"/{y}/", by_year.get(y, 0))
            for y in _years(by_year, year)
        ],
        year,
    )
    if year is None:
        return Strip(years)
    by_month = _by_month(counts)
    months = _months(by_month, year, month, max(by_month.values(), default=0))
    if month is None:
        return Strip(years, months)
    length = calendar.monthrange(year, month)[1]
    days = _cells(
        [
            (n, str(n), long_day(date), f"/{date:%Y/%m/%d}/", counts.get(date, 0))
            for n in range(1, length + 1)
            for date in (dt.date(year, month, n),)
        ],
        day,
    )
    return Strip(years, months, days)


def grids(counts: Mapping[dt.date, int]) -> tuple[YearGrid, ...]:
    """Return every year from the newest to the oldest.

    Years beyond the newest `GRIDS` come without days: their months lead there.
    """
    if not counts:
        return ()
    busiest = max(counts.values())
    by_month = _by_month(counts)
    busiest_month = max(by_month.values())
    by_year: dict[int, list[dt.date]] = {}
    for date in sorted(counts):
        by_year.setdefault(date.year, []).append(date)
    return tuple(
        YearGrid(
            year,
            tuple(
                _day(date, counts[date], busiest)
                for date in (by_year.get(int(year.label), ()) if place < GRIDS else ())
            ),
            _months(by_month, int(year.label), None, busiest_month),
        )
        for place, year in enumerate(reversed(strip(counts).years))
    )


def neighbours(
    counts: Mapping[dt.date, int], first: dt.date, last: dt.date
) -> tuple[dt.date | None, dt.date | None]:
    """Return the nearest days with items before and after a period."""
    before = max((d for d in counts if d < first), default=None)
    after = min((d for d in counts if d > last), default=None)
    return before, after


def _day(date: dt.date, count: int, busiest: int) -> GridDay:
    offset = dt.date(date.year, 1, 1).weekday()
    index = date.timetuple().tm_yday - 1 + offset
    heat = heat_of(count, busiest)
    cell = Cell(str(date.day), long_day(date), count, heat, f"/{date:%Y/%m/%d}/")
    return GridDay(date, index // 7, index % 7, cell)


def _months(
    by_month: Mapping[tuple[int, int], int],
    year: int,
    current: int | None,
    busiest: int,
) -> tuple[Cell, ...]:
    return _cells(
        [
            (
                m,
                _MONTHS[m - 1],
                f"{calendar.month_name[m]} {year}",
                f"/{year:04}/{m:02}/",
                by_month.get((year, m), 0),
            )
            for m in range(1, 13)
        ],
        current,
        busiest,
    )


def _years(known: Iterable[int], year: int | None) -> list[int]:
    """Return the years to show: without gaps, unless a stray date makes them long."""
    found = set(known)
    if found and max(found) - min(found) < _LONGEST:
        found.update(range(min(found), max(found)))
    if year is not None:
        found.add(year)
    return sorted(found)


def _by_month(counts: Mapping[dt.date, int]) -> dict[tuple[int, int], int]:
    return _sums(((date.year, date.month), n) for date, n in counts.items())


def _sums(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    sums: dict[K, int] = {}
    for key, count in pairs:
        sums[key] = sums.get(key, 0) + count
    return sums


def _cells(
    rows: list[tuple[int, str, str, str, int]], current: int | None, busiest: int = 0
) -> tuple[Cell, ...]:
    busiest = busiest or max((row[4] for row in rows), default=0)
    return tuple(
        Cell(
            label,
            name,
            count,
            _share(count, busiest),
            address if count else "",
            key == current,
        )
        for key, label, name, address, count in rows
    )

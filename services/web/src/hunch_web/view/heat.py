"""How much there is on each day, as strips of warmer and cooler squares."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Mapping

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
    months: tuple[tuple[int, Cell], ...]
    weeks: int


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
            for y in _span(by_year, year)
        ],
        year,
    )
    if year is None:
        return Strip(years)
    by_month = _sums((d.month, n) for d, n in counts.items() if d.year == year)
    months = _cells(
        [
            (
                m,
                _MONTHS[m - 1],
                f"{calendar.month_name[m]} {year}",
                f"/{year:04}/{m:02}/",
                by_month.get(m, 0),
            )
            for m in range(1, 13)
        ],
        month,
    )
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
    years = strip(counts).years
    return tuple(
        _grid(
            year,
            {d: n for d, n in counts.items() if d.year == int(year.label)},
            busiest,
            with_days=place < GRIDS,
        )
        for place, year in enumerate(reversed(years))
    )


def neighbours(
    counts: Mapping[dt.date, int], first: dt.date, last: dt.date
) -> tuple[dt.date | None, dt.date | None]:
    """Return the nearest days with items before and after a period."""
    before = max((d for d in counts if d < first), default=None)
    after = min((d for d in counts if d > last), default=None)
    return before, after


def _grid(
    year: Cell, counts: Mapping[dt.date, int], busiest: int, *, with_days: bool
) -> YearGrid:
    number = int(year.label)
    offset = dt.date(number, 1, 1).weekday()
    days = []
    for date in sorted(counts) if with_days else ():
        index = date.timetuple().tm_yday - 1 + offset
        n = counts[date]
        cell = Cell(
            str(date.day), long_day(date), n, heat_of(n, busiest), f"/{date:%Y/%m/%d}/"
        )
        days.append(GridDay(date, index // 7, index % 7, cell))
    months = tuple(
        ((dt.date(number, m, 1).timetuple().tm_yday - 1 + offset) // 7, cell)
        for m, cell in enumerate(strip(counts, number).months, 1)
    )
    return YearGrid(year, tuple(days), months, 53)


def _span(by_year: Mapping[int, int], year: int | None) -> range:
    known = [*by_year, *([year] if year is not None else [])]
    return range(min(known), max(known) + 1) if known else range(0)


def _sums(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for key, count in pairs:
        sums[key] = sums.get(key, 0) + count
    return sums


def _cells(
    rows: list[tuple[int, str, str, str, int]], current: int | None
) -> tuple[Cell, ...]:
    busiest = max((row[4] for row in rows), default=0)
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

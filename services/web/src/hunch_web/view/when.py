"""Moments in words, in the site's time zone.

Words are in English, as the rest of the site's own text; the machine-readable time
stands beside them in every `<time>`.
"""

from __future__ import annotations

import calendar
import datetime as dt


def iso(moment: dt.datetime) -> str:
    """Return a moment as in RFC 3339, to the second, in its own zone."""
    text = moment.replace(microsecond=0).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def clock(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Return the time of day; nothing for a source that knows only the date."""
    local = moment.astimezone(zone)
    exact = moment.astimezone(dt.UTC)
    if (exact.hour, exact.minute, exact.second) == (0, 0, 0):
        return ""
    return f"{local:%H:%M}"


def long_day(day: dt.date) -> str:
    """Return a day in full: `22 November 2026`."""
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def day_name(day: dt.date, today: dt.date) -> str:
    """Return what one calls a day: `Today`, `Yesterday`, or its weekday."""
    distance = (today - day).days
    if distance == 0:
        return "Today"
    if distance == 1:
        return "Yesterday"
    return calendar.day_name[day.weekday()]


def day_date(day: dt.date, today: dt.date) -> str:
    """Return the date under the day's name; the year only if it is another one."""
    text = f"{day.day} {calendar.month_name[day.month]}"
    return text if day.year == today.year else f"{text} {day.year}"


def full(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Return day and time in full: `22 November 2026, 14:32`."""
    local = moment.astimezone(zone)
    time = clock(moment, zone)
    return long_day(local.date()) + (f", {time}" if time else "")


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """Return how long ago a moment was, or how soon it comes, in one rough unit."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    amount = _amount(abs(seconds))
    if amount == "now":
        return "just now" if seconds >= 0 else "any moment now"
    return f"{amount} ago" if seconds >= 0 else f"in {amount}"


def _amount(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "now"


def length(seconds: int) -> str:
    """Return the length of a sound or film: `4:05` or `1:02:03`; empty if unknown."""
    if seconds <= 0:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

"""Dates as feeds write them, and the courage to say "no date".

Order: ISO 8601 with every digit kept, then what feedparser made of it, then dateutil
after the words of common languages are put into English. A date that leaves the day
open, or that means "nobody set it" (1970, year 0), is no date.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import re
import time
import unicodedata
import warnings
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser
from dateutil import tz

# LIMIT: no date is longer; dateutil is slow on long nonsense.
_LONGEST = 80
_FIRST_YEAR = 1971
_LAST_YEAR = 2500

_ZONES = {
    "UT": 0,
    "GMT": 0,
    "UTC": 0,
    "Z": 0,
    "WET": 0,
    "WEST": 1,
    "BST": 1,
    "CET": 1,
    "MEZ": 1,
    "CEST": 2,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "JST": 9,
    "KST": 9,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
}
_TZINFOS = {name: tz.tzoffset(name, hours * 3600) for name, hours in _ZONES.items()}

# Month names by language, each row in order of the year, without accents.
_MONTHS = (
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber maerz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "janv fevr mars avr mai juin juil aout sept oct nov dec",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre "
    "novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november "
    "december",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "januari februari mars april maj juni juli augusti september oktober november "
    "december",
    "jan feb mrz apr mai jun jul aug sep okt nov dez",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gen feb mar apr mag giu lug ago set ott nov dic",
)
_ENGLISH = [
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
]
_TO_ENGLISH = {
    name: english
    for row in _MONTHS
    for name, english in zip(row.split(), _ENGLISH, strict=True)
}
_MONTH_NAMES = frozenset(_TO_ENGLISH) | frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{2,4}\s+\d\d?:\d\d(?::\d\d)?"
    r"(?:\s+(?:[A-Za-z]{1,3}|[+-]\d{4}))?"
)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s*"
    r"([Zz]|[+-]\d\d:?\d\d|[+-]\d\d)?)?"
)


def parse_date(
    text: str | None, parsed: time.struct_time | None = None
) -> dt.datetime | None:
    """Return the instant in UTC, or None if the text names none.

    A time without a zone counts as UTC; a day without a time as its midnight.

    Args:
        text: As the source wrote it.
        parsed: What feedparser read, in UTC, if it could.
    """
    text = " ".join((text or "").split())[:_LONGEST]
    found = _iso(text) if text else None
    if found is None and parsed is not None:
        found = _from_struct(parsed)
    if found is None and text:
        found = _from_words(text)
    return found if found is not None and _means_something(found) else None


def _means_something(moment: dt.datetime) -> bool:
    return _FIRST_YEAR <= moment.year <= _LAST_YEAR


def _utc(moment: dt.datetime) -> dt.datetime | None:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt.UTC)
    try:
        return moment.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None


def _iso(text: str) -> dt.datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    day, clock, zone = match.groups()
    clock = (clock or "00:00").replace(",", ".")
    if "." in clock:
        whole, _, part = clock.partition(".")
        clock = f"{whole}.{part[:6]:0<6}"
    zone = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        return _utc(dt.datetime.fromisoformat(f"{day}T{clock}{zone}"))
    except ValueError:
        return None


def _from_struct(parsed: time.struct_time) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _in_english(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    # WHY: "Di," and "Lundi," say nothing the date does not say; dateutil trips on them
    first = re.match(r"([^\W\d]{2,12})\.?,?\s+(?=\d)", plain)
    if first and first[1].lower() not in _MONTH_NAMES:
        plain = plain[first.end() :]

    def english(match: re.Match[str]) -> str:
        return _TO_ENGLISH.get(match[0].lower(), match[0])

    plain = re.sub(r"[^\W\d_]{3,}", english, plain)
    plain = re.sub(r"(?<=\d)\.(?=\s*[A-Za-z])", "", plain)
    plain = re.sub(r"\b(de|del|di|um|at|a las|alle|om)\b", " ", plain)
    return plain.replace(" - ", " ").replace(" | ", " ")


def _from_words(text: str) -> dt.datetime | None:
    if _RFC822.fullmatch(text):
        with contextlib.suppress(ValueError, TypeError, IndexError, OverflowError):
            return _utc(parsedate_to_datetime(text))
    words = _in_english(text)
    if not re.search(r"\d", words):
        return None
    first = _dateutil(words, dt.datetime(2001, 1, 1))  # noqa: DTZ001 - filler only
    other = _dateutil(words, dt.datetime(2004, 2, 2))  # noqa: DTZ001 - filler only
    if first is None or other is None:
        return None
    if (first.year, first.month) != (other.year, other.month):
        return None
    if first.day != other.day:
        first = first.replace(day=1)
    return _utc(first)


def _dateutil(text: str, filler: dt.datetime) -> dt.datetime | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dateutil_parser.parse(text, default=filler, tzinfos=_TZINFOS)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None

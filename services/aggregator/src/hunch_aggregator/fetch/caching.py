"""The publisher's wishes in headers: when to come back, how long it stays fresh."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DAY_S = 86_400.0
# LIMIT: a wish beyond a week is a mistake or a trap; the scheduler has its own cap too.
LONGEST_WISH_S = 7 * _DAY_S


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - now).total_seconds()


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long to wait, from Retry-After (seconds or date) or rate-limit fields.

    Args:
        headers: Case-insensitive response headers.
        now: The instant of the answer.
    """
    text = headers.get("Retry-After", "").strip()
    seconds: float | None = None
    if re.fullmatch(r"\d{1,12}", text):
        seconds = float(text)
    elif text:
        seconds = _seconds_until(text, now)
    if seconds is None and headers.get("X-RateLimit-Remaining", "").strip() == "0":
        reset = headers.get("X-RateLimit-Reset", "").strip()
        if re.fullmatch(r"\d{9,11}", reset):
            seconds = float(reset) - now.timestamp()
        elif reset:
            try:
                when = datetime.fromisoformat(reset)
                seconds = (when - now).total_seconds() if when.tzinfo else None
            except ValueError:
                seconds = None
    if seconds is None:
        return None
    return min(max(seconds, 0.0), LONGEST_WISH_S)


def fresh_for_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how long the publisher calls the document fresh, or None.

    `Cache-Control: max-age` wins over Expires; GitHub's X-Poll-Interval is a wish of
    the same kind. Zero and negative wishes are none.
    """
    wishes: list[float] = []
    control = headers.get("Cache-Control", "").lower()
    found = re.search(r"(?<![-\w])max-age\s*=\s*\"?(\d{1,12})", control)
    if "no-cache" in control or "no-store" in control:
        pass
    elif found:
        age = headers.get("Age", "").strip()
        used = float(age) if re.fullmatch(r"\d{1,12}", age) else 0.0
        wishes.append(float(found[1]) - used)
    elif "Expires" in headers:
        until = _seconds_until(headers["Expires"], now)
        if until is not None:
            wishes.append(until)
    poll = headers.get("X-Poll-Interval", "").strip()
    if re.fullmatch(r"\d{1,12}", poll):
        wishes.append(float(poll))
    longest = max(wishes, default=0.0)
    return min(longest, LONGEST_WISH_S) if longest > 0 else None

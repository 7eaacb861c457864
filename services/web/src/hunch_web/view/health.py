"""The health of sources, in words that their owner can act on."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from hunch_stream.source import SourceState
from hunch_web.view import when
from hunch_web.view.card import host_of
from hunch_web.view.content import safe_address
from hunch_web.view.mark import Mark, mark_of

_WAITS = {
    "interval": "as configured",
    "retry-after": "when its server asked to come back",
    "max-age": "when its server says the answer gets old",
    "ttl": "when the feed says it will have changed",
    "backoff": "later each time while it fails",
    "websub": "or at once when its hub tells of something new",
}
# Nothing new for this long is worth a word; many sources are simply quiet.
_QUIET = dt.timedelta(days=120)


@dataclasses.dataclass(frozen=True, slots=True)
class SourceView:
    """What is shown of one source.

    Attributes:
        tone: `well`, `new`, `failing` or `gone`; the style sheet's word.
        state: The same in a word for people.
        reason: Why it fails; empty when well.
        remedy: What to do about it.
        quiet: A remark if nothing has come for long.
    """

    slug: str
    title: str
    mark: Mark
    address: str
    feed: str
    home: str
    host: str
    kind: str
    items: int
    tone: str
    state: str
    reason: str
    remedy: str
    failures: int
    quiet: str
    checked: str
    succeeded: str
    succeeded_iso: str
    due: str
    due_iso: str
    why_then: str
    pushes: bool


def source_view(state: SourceState, label: str, now: dt.datetime) -> SourceView:
    """Return what is shown of a source at a moment."""
    mark = mark_of(state.service, "text", label)
    tone = {"new": "new", "ok": "well", "failing": "failing", "gone": "gone"}[
        state.health
    ]
    words = {
        "new": "Waiting for its first fetch",
        "well": "Well",
        "failing": "Not readable",
        "gone": "Gone",
    }
    quiet = ""
    if tone == "well" and state.changed and now - state.changed > _QUIET:
        quiet = f"Nothing new since {when.ago(state.changed, now)}"
    own = f"source:{quote(state.slug)}"
    return SourceView(
        slug=state.slug,
        title=label,
        mark=mark,
        address=f"/tags/{own}",
        feed=f"/feed/{own}",
        home=safe_address(state.home),
        # WHY only the host: a feed's address may carry the owner's private token.
        host=host_of(state.home) or host_of(state.feed_url or state.config_url),
        kind=state.kind,
        items=state.items,
        tone=tone,
        state=words[tone],
        reason=_sentence(state.reason),
        remedy=_sentence(state.remedy),
        failures=state.failures,
        quiet=quiet,
        checked=when.ago(state.checked, now),
        succeeded=when.ago(state.succeeded, now),
        succeeded_iso=when.iso(state.succeeded) if state.succeeded else "",
        due=_due(state, now),
        due_iso=when.iso(state.next_due) if state.next_due else "",
        why_then=_WAITS.get(state.wait_reason, state.wait_reason),
        pushes=bool(state.hub),
    )


def source_views(
    states: Iterable[SourceState], labels: Mapping[str, str], now: dt.datetime
) -> tuple[SourceView, ...]:
    """Return all sources, those that need the owner first."""
    order = {"failing": 0, "gone": 1, "new": 2, "well": 3}
    views = [source_view(s, labels.get(s.slug, s.slug), now) for s in states]
    return tuple(sorted(views, key=lambda view: order[view.tone]))


def summary(views: Iterable[SourceView]) -> str:
    """Return the state of all sources in one sentence."""
    tones = [view.tone for view in views]
    bad = sum(tone in ("failing", "gone") for tone in tones)
    if not tones:
        return "No sources are configured yet."
    if not bad:
        return (
            f"All {len(tones)} sources are well."
            if len(tones) > 1
            else "The source is well."
        )
    return f"{bad} of {len(tones)} sources cannot be read right now."


def _due(state: SourceState, now: dt.datetime) -> str:
    if state.next_due is None:
        return "as soon as there is time"
    return when.ago(state.next_due, now) if state.next_due > now else "now"


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…" else text + "."

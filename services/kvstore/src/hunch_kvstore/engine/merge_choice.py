"""Which segments to merge next: a pure decision."""

from __future__ import annotations

from hunch_kvstore.engine.manifest import SegmentEntry

LIKE = 2.0  # a segment joins a run if it is at most so many times what the run holds
MOST_SEGMENTS = 12
LEAST_DELETED = 1000  # fewer are not worth a merge of everything


def choose_merge(
    segments: tuple[SegmentEntry, ...], width: int, hidden: int = 0
) -> tuple[SegmentEntry, ...]:
    """Return the neighbouring segments to merge now, or nothing.

    Only neighbours may be merged, since age is order. A run begins at any segment and
    grows towards older ones while the next is not much larger than all before it, so
    each record is merged about log(n) times. All are merged when the newer ones
    together outgrow the oldest, so at most half the disk is overwritten data, and when
    a third of the records is deleted.

    Args:
        segments: From newest to oldest.
        width: The least length of a run.
        hidden: About how many records the deleted ranges of newer segments hide.
    """
    if len(segments) < 2:
        return ()
    if len(segments) > MOST_SEGMENTS:
        return segments
    records = sum(entry.records for entry in segments)
    deleted = hidden + sum(entry.deleted for entry in segments)
    if deleted > max(records // 3, LEAST_DELETED):
        return segments
    newer = sum(entry.size_bytes for entry in segments[:-1])
    if len(segments) >= width and newer > segments[-1].size_bytes:
        return segments
    for begin in range(len(segments) - width + 1):
        held = segments[begin].size_bytes
        end = begin + 1
        while end < len(segments) and segments[end].size_bytes <= LIKE * held:
            held += segments[end].size_bytes
            end += 1
        if end - begin >= width:
            return segments[begin:end]
    return ()


def room_for(run: tuple[SegmentEntry, ...]) -> int:
    """Return the bytes a merge of `run` may need on the disk."""
    return sum(entry.size_bytes for entry in run) * 11 // 10

"""Which segments to merge next: a pure decision."""

from __future__ import annotations

from hunch_kvstore.engine.manifest import SegmentEntry

LIKE = 2.0  # a segment joins a run if it is at most so many times what the run holds
MOST_SEGMENTS = 12


def choose_merge(
    segments: tuple[SegmentEntry, ...], width: int
) -> tuple[SegmentEntry, ...]:
    """Return the neighbouring segments to merge now, or nothing.

    Only neighbours may be merged, since age is order. A run begins at any segment and
    grows towards older ones while the next is not much larger than all before it, so
    each record is merged about log(n) times. All are merged when the newer ones
    together outgrow the oldest: then at most half the disk is stale data.

    Args:
        segments: From newest to oldest.
        width: The least length of a run.
    """
    if len(segments) < 2:
        return ()
    if len(segments) > MOST_SEGMENTS:
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

"""The sounds of a feed as a playlist, for players that read XSPF."""

from __future__ import annotations

from typing import Any

from hunch_web.feed.document import Document


def playlist(document: Document) -> dict[str, Any]:
    """Return the tracks of a feed, newest first, as Smisk's XSPF serializer has them."""
    return {
        "title": document.title,
        "creator": document.site.author,
        "info": document.home,
        "tracks": [
            {
                "location": one.address,
                "title": entry.title or entry.name,
                "creator": entry.author,
                "annotation": entry.summary or None,
                "info": entry.address,
                "image": entry.image or None,
                # SPEC XSPF 4.1.1.2.14.1.1.9: in milliseconds.
                "duration": one.duration_s * 1000 or None,
            }
            for entry in document.entries
            for one in entry.attachments
            if one.media_type.startswith("audio/")
        ],
    }

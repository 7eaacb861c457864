"""The formats of the stream beside HTML, as Smisk serializers.

Where a page has items, its data is a `Document`; elsewhere it is plain data, which
JSON writes as it is and the feed formats cannot.
"""

from __future__ import annotations

import json

from hunch_web.feed import atom, jsonfeed, rss
from hunch_web.feed.document import Document
from smisk import http
from smisk.core.exchange import Exchange
from smisk.serialization import Serializer


class StreamAtom(Serializer):
    """Atom."""

    name = "Atom feed"
    extensions = ("atom",)
    # WHY the general ones: a program that asks for XML of a stream wants its feed.
    media_types = (atom.MEDIA_TYPE, "application/xml", "text/xml")

    def serialize(self, data: object, _: Exchange) -> bytes:
        """Write a document."""
        return atom.write(_document(data))


class StreamRss(Serializer):
    """RSS."""

    name = "RSS feed"
    extensions = ("rss",)
    media_types = (rss.MEDIA_TYPE,)

    def serialize(self, data: object, _: Exchange) -> bytes:
        """Write a document."""
        return rss.write(_document(data))


class StreamJson(Serializer):
    """JSON Feed where there are items, plain JSON elsewhere."""

    name = "JSON Feed"
    extensions = ("json",)
    # WHY this order: the first is sent; a client that asks for either gets it.
    media_types = (jsonfeed.MEDIA_TYPE, "application/json")
    charset = None

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        """Write a document, or any plain data."""
        if isinstance(data, Document):
            return jsonfeed.write(data)
        exchange.media_type = "application/json"
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()

    def serialize_error(self, error: http.HTTPError, _: Exchange) -> bytes:
        """Write an error as plain JSON."""
        return json.dumps({"error": error.to_dict()}, ensure_ascii=False).encode()


class Opml(Serializer):
    """The list of sources, for a feed reader to subscribe to."""

    name = "OPML"
    extensions = ("opml",)
    media_types = ("text/x-opml",)

    def serialize(self, data: object, _: Exchange) -> bytes:
        """Pass on what was written already."""
        assert isinstance(data, bytes)
        return data


STREAM_FORMATS = (StreamAtom, StreamRss, StreamJson)


def _document(data: object) -> Document:
    if not isinstance(data, Document):
        raise http.NotAcceptable("There are no items here to make a feed of.")
    return data

"""XSPF: playlists, of data that has tracks. Read and written."""

from collections.abc import Mapping
from typing import Any

from smisk.core.exchange import Exchange
from smisk.core.xml import escape, parse_xml
from smisk.serialization.plain import simplify
from smisk.serialization.serializer import Serializer, Unsuitable

_NS = "http://xspf.org/ns/0/"
_LIST = (
    "title", "creator", "annotation", "info", "location", "identifier", "image",
    "date", "license",
)  # fmt: skip
_TRACK = (
    "location", "identifier", "title", "creator", "annotation", "info", "image",
    "album", "trackNum", "duration",
)  # fmt: skip


class XSPF(Serializer):
    """Playlists: ``{"title": …, "tracks": [{"location": …, "title": …}]}``."""

    name = "XSPF"
    extensions = ("xspf",)
    media_types = ("application/xspf+xml",)
    can_deserialize = True

    def serialize(self, data: object, exchange: Exchange) -> str:
        plain = simplify(data)
        tracks = plain.get("tracks") if isinstance(plain, dict) else None
        if not isinstance(plain, dict) or not isinstance(tracks, list):
            raise Unsuitable("a playlist is made of data with tracks")
        inner = "".join(f"<track>{_elements(t, _TRACK)}</track>\n" for t in tracks)
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<playlist version="1" xmlns="{_NS}">\n{_elements(plain, _LIST)}'
            f"<trackList>\n{inner}</trackList>\n</playlist>\n"
        )

    def deserialize(self, raw: bytes, exchange: Exchange) -> dict[str, Any]:
        root = parse_xml(raw, exchange.request.limits.max_depth)
        if root.tag != f"{{{_NS}}}playlist":
            raise ValueError("not a playlist")

        def take(element: Any, names: tuple[str, ...]) -> dict[str, Any]:
            found = {n: element.findtext(f"{{{_NS}}}{n}") for n in names}
            return {n: text.strip() for n, text in found.items() if text is not None}

        tracks = root.findall(f"{{{_NS}}}trackList/{{{_NS}}}track")
        return {**take(root, _LIST), "tracks": [take(t, _TRACK) for t in tracks]}


def _elements(data: object, names: tuple[str, ...]) -> str:
    if not isinstance(data, Mapping):
        data = {"title": data}
    return "".join(
        f"<{name}>{escape(str(data[name]))}</{name}>\n"
        for name in names
        if data.get(name) is not None
    )

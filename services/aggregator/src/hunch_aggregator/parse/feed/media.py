"""Pictures, films and sounds of a feed entry: enclosures, Media RSS, images in text."""

from __future__ import annotations

import mimetypes
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hunch_aggregator.parse.clean import (
    SMALLEST_PIXELS,
    clean_url,
    is_sign_address,
    text_of_html,
)
from hunch_aggregator.parse.entry import ParsedMedia

Raw = Any  # feedparser has no types; everything out of it is checked here

# LIMIT: media kept of one entry.
MOST_MEDIA = 20
_TYPE = re.compile(r"(?:image|video|audio)/[\w.+-]{1,60}")
_OF_MEDIUM = {"image": "image/*", "video": "video/*", "audio": "audio/*"}


def entry_media(
    raw: Raw, url: str, in_text: list[tuple[str, str]], *, is_apart: bool = False
) -> tuple[ParsedMedia, ...]:
    """Return what belongs to the entry, pictures of its text last.

    Args:
        raw: feedparser's entry.
        url: Base of relative addresses.
        in_text: Address and description of the pictures in the cleaned text.
        is_apart: The picture in the text is only a smaller copy of the entry's own.
    """
    alts = dict(in_text)
    shown = [t for t in _dicts(raw.get("media_thumbnail")) if not _is_sign(t)]
    named = (clean_url(t.get("url"), url) for t in shown)
    thumbnails = [address for address in named if address]
    found: dict[str, ParsedMedia] = {}
    lone_alt = _lone_alt(raw)

    def add(media: ParsedMedia | None) -> None:
        if media is not None and media.url not in found:
            found[media.url] = media

    contents = _largest(_dicts(raw.get("media_content")))
    for content in contents:
        add(_content(content, url, alts, lone_alt if len(contents) == 1 else ""))
    for link in _dicts(raw.get("links")):
        if link.get("rel") == "enclosure":
            add(_enclosure(link, raw, url, alts))
    thumbnail = thumbnails[0] if thumbnails else ""
    if found and thumbnail:
        first = next(iter(found.values()))
        if not first.thumbnail and thumbnail != first.url:
            found[first.url] = _with_thumbnail(first, thumbnail)
    if is_apart and found:
        first = next(iter(found.values()))
        alt = next((alt for _address, alt in in_text if alt), "")
        if first.is_picture and not first.alt and alt:
            found[first.url] = msgspec.structs.replace(first, alt=alt)
        in_text = []
    for address, alt in in_text:
        # WHY: a picture inside the text is often the thumbnail of the one above
        if address not in thumbnails or not found:
            add(ParsedMedia(url=address, type="image/*", alt=alt))
    if not found:
        image = raw.get("image")
        cover = clean_url(image.get("href"), url) if isinstance(image, dict) else ""
        if thumbnail or cover:
            add(ParsedMedia(url=thumbnail or cover, type="image/*", alt=lone_alt))
    return tuple(found.values())[:MOST_MEDIA]


def _dicts(value: Raw) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _number(value: object, most: int = 100_000) -> int:
    text = str(value or "").strip()
    if not re.fullmatch(r"\d{1,15}(\.\d+)?", text):
        return 0
    number = int(float(text))
    return number if number <= most else 0


def _largest(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return contents without smaller sizes of the same picture.

    Newspapers list one picture in many widths, told apart by the query alone.
    """
    best: dict[str, dict[str, Any]] = {}
    for content in contents:
        bare = str(content.get("url", "")).partition("?")[0]
        known = best.get(bare)
        if known is None or _number(content.get("width")) > _number(known.get("width")):
            best[bare] = content
    return list(best.values())


def _is_sign(thumbnail: dict[str, Any]) -> bool:
    """Tell whether a thumbnail is only an avatar (GitHub puts one to each event)."""
    if is_sign_address(str(thumbnail.get("url", ""))):
        return True
    sides = [_number(thumbnail.get(name)) for name in ("width", "height")]
    return all(0 < side < SMALLEST_PIXELS for side in sides)


def media_type(declared: object, address: str) -> str:
    """Return a media type of picture, film or sound, or an empty string."""
    text = str(declared or "").split(";")[0].strip().lower()
    if _TYPE.fullmatch(text):
        return text
    guessed = mimetypes.guess_type(urlsplit(address).path)[0] or ""
    return guessed if _TYPE.fullmatch(guessed) else ""


def _content(
    content: dict[str, Any], url: str, alts: dict[str, str], alt: str
) -> ParsedMedia | None:
    address = clean_url(content.get("url"), url)
    if not address or is_sign_address(address):
        return None
    kind = media_type(content.get("type"), address)
    if not kind:
        kind = _OF_MEDIUM.get(str(content.get("medium", "")), "")
    if not kind and "flash" in str(content.get("type", "")):
        kind = "video/*"
    if not kind:
        return None
    return ParsedMedia(
        url=address,
        type=kind,
        alt=alts.get(address, "") or (alt if kind.startswith("image/") else ""),
        width=_number(content.get("width")),
        height=_number(content.get("height")),
        duration_s=_number(content.get("duration"), 10**7),
        size_bytes=_number(content.get("filesize"), 10**13),
    )


def _enclosure(
    link: dict[str, Any], raw: Raw, url: str, alts: dict[str, str]
) -> ParsedMedia | None:
    address = clean_url(link.get("href"), url)
    kind = media_type(link.get("type"), address)
    if not address or not kind:
        return None
    image = raw.get("image")
    cover = clean_url(image.get("href"), url) if isinstance(image, dict) else ""
    return ParsedMedia(
        url=address,
        type=kind,
        alt=alts.get(address, ""),
        size_bytes=_number(link.get("length"), 10**13),
        duration_s=_duration_s(raw.get("itunes_duration")),
        thumbnail="" if kind.startswith("image/") else cover,
    )


def _duration_s(value: object) -> int:
    parts = str(value or "").strip().split(":")
    if not all(re.fullmatch(r"\d{1,6}", p) for p in parts) or len(parts) > 3:
        return 0
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return min(seconds, 10**7)


def _lone_alt(raw: Raw) -> str:
    # WHY: feedparser hands a picture's media:description out as the detail of the
    # summary, while the summary itself stays the entry's own.
    detail = raw.get("summary_detail")
    if not isinstance(detail, dict) or not isinstance(raw.get("summary"), str):
        return ""
    if detail.get("value") == raw["summary"]:
        return ""
    return text_of_html(detail.get("value"), 1000)


def _with_thumbnail(media: ParsedMedia, thumbnail: str) -> ParsedMedia:
    return msgspec.structs.replace(media, thumbnail=thumbnail)

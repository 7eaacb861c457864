"""Proactive negotiation (RFC 9110 12): which of several offers suits a client.

Pure: header text and offers in, choice out. What is malformed in a header is passed
over, for no client gains by a 400 here.
"""

import codecs
import re
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z").match
# LIMIT: ranges read of one header; browsers send fewer than ten.
MAX_RANGES = 64
#: Text is written in these only: others (UTF-7, EBCDIC) hide markup from filters.
_CHARSET = re.compile(
    r"utf-(?:8|16|32)(?:-(?:le|be))?\Z|iso8859-|cp(?:125\d|932|949|950|866)\Z|ascii\Z|koi8|"
    r"shift_jis|euc_|gb18030\Z|gbk\Z|gb2312\Z|big5|mac-"
).match


class MediaRange(NamedTuple):
    """One element of an Accept header."""

    type: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    quality: float

    @property
    def specificity(self) -> int:
        """0 for ``*/*`` up to 2 for a type, and one more for each parameter."""
        return (self.type != "*") + (self.subtype != "*") + len(self.parameters)


def _elements(header: str) -> list[tuple[str, list[tuple[str, str]], float]]:
    elements = []
    for element in header.split(",", MAX_RANGES)[:MAX_RANGES]:
        name, *rest = element.split(";")
        parameters = []
        quality = 1.0
        for part in rest:
            key, _, value = part.partition("=")
            key, value = key.strip().lower(), value.strip().strip('"').lower()
            if key == "q":
                # A quality that is none makes the element unwanted, not perfect.
                quality = float(value) if _QUALITY(value) else 0.0
                break  # SPEC RFC 9110 12.5.1: what follows q is not a parameter
            if key:
                parameters.append((key, value))
        if name := name.strip().lower():
            elements.append((name, parameters, quality))
    return elements


@lru_cache(512)
def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """Read an Accept header."""
    ranges = []
    for name, parameters, quality in _elements(header):
        type_, slash, subtype = name.partition("/")
        if name == "*":
            type_, slash, subtype = "*", "/", "*"
        if slash and type_ and subtype and (type_ != "*" or subtype == "*"):
            # The charset of text has a header of its own.
            kept = frozenset(p for p in parameters if p[0] != "charset")
            ranges.append(MediaRange(type_, subtype, kept, quality))
    return tuple(ranges)


@lru_cache(512)
def _split_type(media_type: str) -> tuple[str, str, frozenset[tuple[str, str]]]:
    name, parameters, _ = _elements(media_type)[0]
    type_, _, subtype = name.partition("/")
    return type_, subtype, frozenset(parameters)


def rate(media_type: str, ranges: tuple[MediaRange, ...]) -> tuple[float, int]:
    """Return quality and specificity of the range that counts for `media_type`."""
    type_, subtype, parameters = _split_type(media_type)
    quality, best = 0.0, -1
    for one in ranges:
        if (
            one.type in (type_, "*")
            and one.subtype in (subtype, "*")
            and one.parameters <= parameters
            and one.specificity > best
        ):
            quality, best = one.quality, one.specificity
    return quality, best


def choose_media_type(header: str, offers: list[tuple[T, str]]) -> tuple[T, str] | None:
    """Choose among `offers` (anything, media type), the server's favourite first.

    The client's quality decides; between equals, a type it named goes before one it
    merely lets pass, then the order of `offers`. None: nothing is acceptable.
    """
    ranges = parse_accept(header)
    if not ranges:
        return offers[0] if offers else None
    rated = [
        (rate(media_type, ranges), (one, media_type)) for one, media_type in offers
    ]
    (quality, _), best = max(rated, key=itemgetter(0), default=((0.0, 0), None))
    return best if quality > 0 else None


@lru_cache(256)
def codec_for(charset: str) -> str | None:
    """Return Python's name of a charset we write; None if we do not."""
    if len(charset) > 40:
        return None
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return name if _CHARSET(name) else None


@lru_cache(512)
def choose_charset(header: str, default: str) -> str | None:
    """Choose a charset by Accept-Charset; None: nothing is acceptable.

    The default is taken whenever it is as good as any other.
    """
    elements = [(name, quality) for name, _, quality in _elements(header)]
    if not elements:
        return default
    qualities = {codec_for(n) or n: q for n, q in reversed(elements)}
    of_default = qualities.get(codec_for(default) or "", qualities.get("*", 0.0))
    offers = [(default, of_default), *elements]
    known = [one for one in offers if one[0] != "*" and codec_for(one[0])]
    name, quality = max(known, key=itemgetter(1), default=("", 0.0))
    return name if quality > 0 else None

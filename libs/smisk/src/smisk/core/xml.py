"""XML text: escape, unescape, and a tree builder that refuses what attacks with it."""

import re
from html import escape as escape_html
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

#: SPEC XML 1.0 2.2: characters no document may hold, however written.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def escape(text: str) -> str:
    """Escape `text` for the content or an attribute of XML.

    Characters XML cannot hold are dropped.
    """
    return escape_html(FORBIDDEN.sub("", text))


def unescape(text: str) -> str:
    """Turn the entities of XML back into characters; others stay."""

    def character(match: re.Match[str]) -> str:
        if match[3]:
            return _NAMED[match[3]]
        number = int(match[1]) if match[1] else int(match[2], 16)
        return chr(number) if 0 < number <= 0x10FFFF else match[0]

    return _ENTITY.sub(character, text) if "&" in text else text


class _SafeBuilder(TreeBuilder):
    """Builds a tree no deeper than allowed, without any document type."""

    def __init__(self, max_depth: int) -> None:
        super().__init__()
        self._left = max_depth

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        self._left -= 1
        # LIMIT: recursion over the tree, here and in what reads it.
        if self._left < 0:
            raise ValueError("nested too deeply")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Close an element."""
        self._left += 1
        return super().end(tag)

    def doctype(self, name: str, *_: object) -> None:
        """Refuse a document type.

        LIMIT: entities, which a type alone can define, are the way to read files,
        reach hosts and grow without end.
        """
        raise ValueError(f"a document type ({name}) is not read")


def parse_xml(raw: bytes, max_depth: int = 64) -> Element:
    """Read an XML document.

    Raises:
        ValueError: If it is malformed, too deep, or has a document type.
    """
    # WHY both: the builder hears of a doctype only when its declaration has ended.
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise ValueError("a document type is not read")
    parser = XMLParser(target=_SafeBuilder(max_depth))  # noqa: S314 - see _SafeBuilder
    try:
        parser.feed(raw)
        root: Element = parser.close()
    except (ParseError, LookupError) as error:
        raise ValueError(f"not well-formed XML: {error}") from error
    return root

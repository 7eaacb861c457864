"""Splits an inline command as people type it: blanks, 'single' and "double" quotes."""

from __future__ import annotations

from typing import Final

_BLANKS: Final = b" \n\r\t\x0b\x0c"
_HEX: Final = b"0123456789abcdefABCDEF"
_ESCAPES: Final = {110: 10, 114: 13, 116: 9, 98: 8, 97: 7}  # n r t b a


def split_words(line: bytes) -> list[bytes] | None:
    r"""Return the words of a line without zero bytes; None if its quotes do not match.

    Inside double quotes ``\xHH``, ``\n``, ``\r``, ``\t``, ``\b``, ``\a`` are
    bytes and any other escaped character stands for itself; inside single quotes only
    ``\'`` is an escape. A closing quote must be followed by a blank or the end.
    """
    if not any(quote in line for quote in (b'"', b"'", b"\x0b", b"\x0c")):
        return line.split()  # PERF: the plain line, which is nearly every line
    words: list[bytes] = []
    at = 0
    size = len(line)
    while True:
        while at < size and line[at] in _BLANKS:
            at += 1
        if at >= size:
            return words
        word = bytearray()
        quote = 0
        while True:
            char = line[at] if at < size else 0  # as C's strings end
            if quote:
                if char == 0:
                    return None
                if char == quote:
                    if at + 1 < size and line[at + 1] not in _BLANKS:
                        return None
                    at += 1
                    break
                if char == 92 and quote == 34 and _is_hex_escape(line[at + 1 : at + 4]):
                    word.append(int(line[at + 2 : at + 4], 16))
                    at += 4
                    continue
                if char == 92 and quote == 34 and at + 1 < size:
                    at += 1
                    word.append(_ESCAPES.get(line[at], line[at]))
                elif char == 92 and at + 1 < size and line[at + 1] == 39:
                    at += 1
                    word.append(39)
                else:
                    word.append(char)
            elif char in b" \n\r\t\0":
                break
            elif char in (34, 39):
                quote = char
            else:
                word.append(char)
            at += 1
        words.append(bytes(word))


def _is_hex_escape(raw: bytes) -> bool:
    return len(raw) == 3 and raw[0] == 120 and raw[1] in _HEX and raw[2] in _HEX

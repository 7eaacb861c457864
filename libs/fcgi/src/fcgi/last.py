"""The parameters of the last request, kept so that the next need not be read anew.

The plain twin of `_quick_last.pxi`. A web server writes the same parameters in the same
order, and most of them with the same values, again and again. So the bytes between
those that have changed before are compared in one piece each, and the environ is a
copy of the last one with the changed values put in.
"""

from collections.abc import Iterator
from typing import Final

from fcgi._pure import Environ, known_name, spans
from fcgi.records import KEEP_CONN

SPECIAL: Final = frozenset(
    {
        b"HTTPS",
        b"REQUEST_SCHEME",
        b"CONTENT_LENGTH",
        b"CONTENT_TYPE",
        b"REQUEST_METHOD",
        b"HTTP_CONTENT_LENGTH",
        b"HTTP_CONTENT_TYPE",
    }
)
"""A change of one of these changes other keys of the environ, or who may see it."""

_BEGIN: Final = 24  # BEGIN_REQUEST record and the header of the first PARAMS record
_TAIL: Final = 16  # the empty records at the end of both streams
_STARTS_LIMIT: Final = 256
_LONGEST: Final = 8192
"""LIMIT: of longer requests, the bytes kept for each size of a value could add up."""
_DOUBTS: Final = 4
"""LIMIT: to remember costs more than to read, so after so many requests that were
unlike the one before, only one in `_SELDOM` is remembered."""
_SELDOM: Final = 32


class _Gap:
    """What stands between two values that vary: fixed bytes, a size, a name.

    Attributes:
        known: The whole gap by the size in it; None for sizes that were not seen yet.
    """

    def __init__(self, block: bytes, name: bytes) -> None:
        self._block = block
        self._name = name
        self.known: list[bytes | None] = [None] * 256

    def measure(self, raw: bytes, i: int) -> tuple[int, int]:
        """Return a value's size and where it begins; -1 and -1 if the gap is unlike."""
        at = i + len(self._block)
        size = raw[at]
        wide = 1
        if size > 127:
            wide = 4
            size = int.from_bytes(raw[at : at + 4], "big") & 0x7FFFFFFF
        gap = self._block + raw[at : at + wide] + self._name
        if not raw.startswith(gap, i):
            return -1, -1
        if wide == 1:
            self.known[size] = gap
        return size, i + len(gap)


class Last:
    """What the last request said, as far as it was as plain as can be.

    Attributes:
        request_id: Its number.
        is_head: Whether its method was HEAD.
        is_kept: Whether its connection is to be kept.
    """

    def __init__(self) -> None:
        self.request_id = 0
        self.is_head = False
        self.is_kept = False
        # The request up to the size of its parameters; at first, what no request is.
        self._head = b"\xff"
        # All before the size of the first value that varies, by the request's length.
        self._starts: dict[int, bytes] = {}
        self._first = b""  # what of that belongs to the parameters
        # Environ key, where in the gap the size is, the gap's own size, what is known
        # of it, the gap.
        self._steps: list[tuple[str, int, int, list[bytes | None], _Gap]] = []
        self._rest = b""  # what comes after the last value that varies
        self._environ: Environ = {}
        self._varying: set[bytes] = set()
        self._doubts = 0

    def recall(self, raw: bytes) -> Environ | None:
        """Return the environ of a whole request like the last; None if it is unlike."""
        whole = len(raw)
        start = self._starts.get(whole) or self._start(whole)
        startswith = raw.startswith
        if not startswith(start):
            return None
        environ = self._environ.copy()
        # PERF: one decoding for all values, and slices of it for each (2026-11).
        text = raw.decode("latin-1")
        i = len(start)
        try:
            for key, size_at, gap_size, known, gap in self._steps:
                size = raw[i + size_at]
                at = i + gap_size
                # PERF: the gap in one comparison, its size included (2026-11).
                if raw[i:at] != known[size]:
                    size, at = gap.measure(raw, i)
                    if at < 0:
                        return None
                i = at + size
                environ[key] = text[at:i]
        except IndexError:
            return None
        if i + len(self._rest) != whole or not raw.endswith(self._rest):
            return None
        self._doubts = 0
        return environ

    def _start(self, whole: int) -> bytes:
        """Return how a request of so many bytes would have to begin."""
        # SAFETY: this holds the size of the parameters to what the empty records at the
        # end of the last block leave for them.
        size = whole - _BEGIN - _TAIL
        if not 0 < size <= 0xFFFF:
            return b"\xff"
        start = b"%b%b\0\0%b" % (self._head, size.to_bytes(2, "big"), self._first)
        # LIMIT: as many as a site has lengths of addresses, more or less.
        if len(self._starts) >= _STARTS_LIMIT:
            self._starts.clear()
        self._starts[whole] = start
        return start

    def remember(self, raw: bytes, environ: Environ) -> None:
        """Keep a request that `recall` did not know; `environ` is not changed."""
        before = self._environ
        self._doubts += 1
        if self._doubts > _DOUBTS and self._doubts % _SELDOM:
            return
        if raw[22] or len(raw) > _LONGEST:
            return  # padded: no web server does that to parameters
        stop = _BEGIN + (raw[20] << 8 | raw[21])
        varying: list[tuple[bytes, str, int, int]] = []
        for size_at, name_at, value_at, end in _layout(raw, stop):
            name = raw[name_at:value_at]
            key = known_name(name)
            # A name that was not kept is one to look at again, or a rare one.
            if key is None or key not in environ:
                return
            if name not in SPECIAL and key in before and before[key] != environ[key]:
                self._varying.add(name)
            if name in self._varying:
                varying.append((name, key, size_at, end))
        # Where each block ends: before the size of the next value that varies.
        ends = [size_at for _, _, size_at, _ in varying] + [len(raw)]
        self._first = raw[_BEGIN : ends[0]]
        self._steps = []
        block = b""
        for (name, key, _, end), until in zip(varying, ends[1:], strict=True):
            gap = _Gap(block, name)
            size = len(block) + 1 + len(name)
            self._steps.append((key, len(block), size, gap.known, gap))
            block = raw[end:until]
        self._rest = block
        self._starts = {}
        self._environ = environ.copy()
        self.request_id = raw[2] << 8 | raw[3]
        self.is_head = environ["REQUEST_METHOD"] == "HEAD"
        self.is_kept = bool(raw[10] & KEEP_CONN)
        self._head = raw[:20]


def _layout(raw: bytes, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield where a pair's value length, name and value are, and where it ends."""
    start = _BEGIN
    for name_at, value_at, end in spans(raw, _BEGIN, stop):
        size_at = start + (4 if raw[start] & 128 else 1)
        yield size_at, name_at, value_at, end
        start = end

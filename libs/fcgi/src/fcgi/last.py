"""The parameters of the last request, kept so that the next need not be read anew.

The plain twin of `_quick_last.pxi`. A web server writes the same parameters in the same
order, and most of them with the same values, again and again. So the bytes between
those that have changed before are compared in one piece each, and the environ is a
copy of the last one with the changed values put in.
"""

from collections.abc import Iterator
from typing import Final

from fcgi._pure import Environ, known_name, spans

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
_DOUBTS: Final = 4
"""LIMIT: to remember costs more than to read, so after so many requests that were
unlike the one before, only one in `_SELDOM` is remembered."""
_SELDOM: Final = 32


class Last:
    """What the last request said, as far as it was as plain as can be.

    Attributes:
        is_head: Whether its method was HEAD.
    """

    def __init__(self) -> None:
        self.is_head = False
        # The request up to the size of its parameters; at first, what no request is.
        self._head = b"\xff"
        self._steps: list[tuple[bytes, int, bytes, int, str]] = []
        self._rest = b""  # what does not vary at the end, and the empty records
        self._rest_size = 0  # without the empty records
        self._environ: Environ = {}
        self._varying: set[bytes] = set()
        self._doubts = 0

    def recall(self, raw: bytes) -> Environ | None:
        """Return the environ of a whole request like the last; None if it is unlike."""
        if not raw.startswith(self._head) or len(raw) < _BEGIN:
            return None
        stop = _BEGIN + (raw[20] << 8 | raw[21])
        environ = self._environ.copy()
        startswith = raw.startswith
        i = _BEGIN
        for block, block_size, name, name_size, key in self._steps:
            if not startswith(block, i):
                return None
            i += block_size
            if i >= stop:
                return None
            size = raw[i]
            i += 1
            if size & 128:
                if i + 3 > stop:
                    return None
                size = int.from_bytes(raw[i - 1 : i + 3], "big") & 0x7FFFFFFF
                i += 3
            if not startswith(name, i):
                return None
            i += name_size
            environ[key] = raw[i : i + size].decode("latin-1")
            i += size
        # SAFETY: what followed a length beyond the stream was compared with bytes
        # that are not the parameters'; this is where that comes out.
        if i + self._rest_size != stop or raw[22] or raw[i:] != self._rest:
            return None
        self._doubts = 0
        return environ

    def remember(self, raw: bytes, environ: Environ) -> None:
        """Keep a request that `recall` did not know; `environ` is not changed."""
        before = self._environ
        self._doubts += 1
        if self._doubts > _DOUBTS and self._doubts % _SELDOM:
            return
        if raw[22]:
            return  # padded: no web server does that to parameters
        stop = _BEGIN + (raw[20] << 8 | raw[21])
        steps = []
        at = _BEGIN  # where the bytes that do not vary began
        for size_at, name_at, value_at, end in _layout(raw, stop):
            name = raw[name_at:value_at]
            key = known_name(name)
            # A name that was not kept is one to look at again, or a rare one.
            if key is None or key not in environ:
                return
            if name not in SPECIAL and key in before and before[key] != environ[key]:
                self._varying.add(name)
            if name in self._varying:
                block = raw[at:size_at]
                steps.append((block, len(block), name, len(name), key))
                at = end
        self._steps = steps
        self._rest, self._rest_size = raw[at:], stop - at
        self._environ = environ.copy()
        self.is_head = environ["REQUEST_METHOD"] == "HEAD"
        self._head = raw[:20]


def _layout(raw: bytes, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield where a pair's value length, name and value are, and where it ends."""
    start = _BEGIN
    for name_at, value_at, end in spans(raw, _BEGIN, stop):
        size_at = start + (4 if raw[start] & 128 else 1)
        yield size_at, name_at, value_at, end
        start = end

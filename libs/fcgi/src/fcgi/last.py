"""The parameters of requests before, kept so that the next need not be read anew.

The plain twin of `_quick_last.pxi`. A web server writes the same parameters in the same
order, and most of them with the same values, again and again. So a request of a length
that is known is compared with the one that had it, all but the values that have varied
before, and its environ is a copy of that one's with those values put in.
"""

from collections.abc import Iterator
from operator import itemgetter
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
_FIRST: Final = b"\1\1\0\1"
"""How a request begins that has the number 1, as every request of an edge has."""
_SHAPES_LIMIT: Final = 128
_LONGEST: Final = 8192
"""LIMIT: of longer requests, what is kept for each length could add up."""
_DOUBTS: Final = 4
"""LIMIT: to remember costs more than to read, so after so many requests that were
unlike those before, only one in `_SELDOM` is remembered."""
_SELDOM: Final = 32


class _Shape:
    """What requests of one length are like.

    Attributes:
        values: Where each value is, by the parameter's name.
        sample: The request that this was made of.
        environ: The environ it gave.
        fixed_of: Cuts all out of a request that has to be as it was.
        fixed: What it cut out of the sample.
        varying: Environ key and place of each value that may vary.
    """

    def __init__(self, sample: bytes, environ: Environ) -> None:
        self.values = dict(_values(sample))
        self.sample = sample
        self.environ = environ.copy()

    def vary(self, names: set[bytes]) -> None:
        """Say which values may vary."""
        places = [(k, p) for name, (k, p) in self.values.items() if name in names]
        # SAFETY: sizes and names are never among what may vary. So a request that
        # passes has the very pairs of the sample, but for what stands in these places.
        ends = [0] + [place.stop for _, place in places]
        starts = [place.start for _, place in places] + [len(self.sample)]
        self.fixed_of = itemgetter(*map(slice, ends, starts))
        self.fixed = self.fixed_of(self.sample)
        self.varying = tuple(places)


class Last:
    """What requests before said, as far as they were as plain as can be.

    Those are the ones with number 1, without a body, and for something else than HEAD.
    """

    def __init__(self) -> None:
        self._shapes: dict[int, _Shape] = {}
        self._varying: set[bytes] = set()
        self._doubts = 0

    def recall(self, raw: bytes) -> Environ | None:
        """Return the environ of a whole request like one before; None if it is unlike."""
        shape = self._shapes.get(len(raw))
        if shape is None or shape.fixed_of(raw) != shape.fixed:
            return None
        environ = shape.environ.copy()
        # PERF: one decoding for all values, and slices of it for each (2026-11).
        text = raw.decode("latin-1")
        for key, place in shape.varying:
            environ[key] = text[place]
        self._doubts = 0
        return environ

    def remember(self, raw: bytes, environ: Environ) -> None:
        """Keep a request that `recall` did not know; `environ` is not changed."""
        self._doubts += 1
        if self._doubts > _DOUBTS and self._doubts % _SELDOM:
            return
        if not raw.startswith(_FIRST) or len(raw) > _LONGEST:
            return
        if environ["REQUEST_METHOD"] == "HEAD":
            return
        shape = _Shape(raw, environ)
        # A name that was not kept is one to look at again, or a rare one.
        if any(key not in environ for key, _ in shape.values.values()):
            return
        before = self._shapes.get(len(raw))
        if before is not None and before.values == shape.values:
            for name, (_, place) in shape.values.items():
                if name not in SPECIAL and raw[place] != before.sample[place]:
                    self._varying.add(name)
        shape.vary(self._varying)
        # LIMIT: as many as a site has lengths of addresses, more or less.
        if len(self._shapes) >= _SHAPES_LIMIT:
            self._shapes.clear()
        self._shapes[len(raw)] = shape


def _values(raw: bytes) -> Iterator[tuple[bytes, tuple[str, slice]]]:
    """Yield each parameter's name, its environ key, and where its value is."""
    stop = _BEGIN + (raw[20] << 8 | raw[21])
    for name_at, value_at, end in spans(raw, _BEGIN, stop):
        name = raw[name_at:value_at]
        yield name, (known_name(name) or "", slice(value_at, end))

"""The reply to a search, in RediSearch's shape."""

from __future__ import annotations

from math import isinf, isnan
from typing import Final

from hunch_kvstore.resp.reply import Encoded, Reply, Simple

from ._row import Rows
from .collect import Hit
from .highlight import Marker
from .request import Request
from .run import Answer, Fields, Packed, field_key
from .schema import Schema

_ATTRIBUTES: Final = Simple("attributes")
_TOTAL: Final = Simple("total_results")
_FORMAT: Final = Simple("format")
_STRING: Final = Simple("STRING")
_RESULTS: Final = Simple("results")
_WARNING: Final = Simple("warning")
_CUT: Final = Simple("Timeout limit was reached")
_ID: Final = Simple("id")
_SCORE: Final = Simple("score")
_PAYLOAD: Final = Simple("payload")
_SORT_KEY: Final = Simple("sortkey")
_EXTRA: Final = Simple("extra_attributes")
_VALUES: Final = Simple("values")

_Pairs = list[tuple[bytes, bytes]]


def reply(answer: Answer, request: Request, schema: Schema, protocol: int) -> Reply:
    """Return the reply for RESP2 (flat array) or RESP3 (map)."""
    shower = _Shower(answer, request, schema)
    if protocol < 3:
        encoded = shower.plain()
        if encoded is not None:
            return encoded
        flat: list[Reply] = [answer.total]
        for hit, fields in answer.hits:
            flat += shower.flat(hit, fields)
        return flat
    return {
        _ATTRIBUTES: [],
        _TOTAL: answer.total,
        _FORMAT: _STRING,
        _RESULTS: [shower.map(hit, fields) for hit, fields in answer.hits],
        _WARNING: [_CUT] if answer.is_cut else [],
    }


class _Shower:
    """Shows the documents of one reply.

    WHY it remembers the order of fields: RediSearch's rows share their columns, so all
    documents of a reply show fields in the order in which the first ones had them.
    """

    def __init__(self, answer: Answer, request: Request, schema: Schema) -> None:
        self._answer = answer
        self._request = request
        self._schema = schema
        self._marker = Marker.of(request, schema, answer.node, answer.rarity)
        self._order: dict[bytes, int] = {}
        self._numbers = {f.key for f in schema.numerics}
        first = schema.by_name.get(request.sort_by)
        # WHY: the field sorted by comes first; by another name it comes by both.
        self._extra: tuple[bytes, bytes] | None = None
        if first is not None:
            title = first.name.encode("utf-8", "surrogateescape")
            if title != first.key:
                self._extra = title, first.key
            else:
                self._order[title] = 0
        for name in request.marks.named:
            named = name.encode("utf-8", "surrogateescape")
            self._order.setdefault(named, len(self._order))
        self._rows = Rows(self._order, *(self._extra or (None, None)))

    def plain(self) -> Encoded | None:
        """Return a RESP2 reply of keys and all fields of small hashes; None if it is not.

        PERF: what nearly every page asks for, at half the price of `flat`.
        """
        request, hits = self._request, self._answer.hits
        packed = [fields for _, fields in hits if isinstance(fields, Packed)]
        if (
            len(packed) < len(hits)
            or not request.has_content
            or request.returned == []
            or request.has_scores
            or request.has_payloads
            or request.has_sort_keys
        ):
            return None
        head = b"*%d\r\n:%d\r\n" % (1 + 2 * len(hits), self._answer.total)
        keys = [hit.key for hit, _ in hits]
        records, places = [one.record for one in packed], [one.at for one in packed]
        return Encoded(self._rows.all(head, keys, records, places))

    def flat(self, hit: Hit, fields: Fields) -> list[Reply]:
        """Return a document's part of a RESP2 reply."""
        request = self._request
        shown: list[Reply] = [hit.key]
        if request.has_scores:
            shown.append(number(hit.score))
        if request.has_payloads:
            shown.append(None)
        if request.has_sort_keys:
            shown.append(_sort_key(hit))
        if request.has_content and request.returned != []:
            if isinstance(fields, Packed):
                shown.append(Encoded(self._rows.one(*fields, False)))
            else:
                pairs = self._pairs(hit, fields)
                shown.append([part for pair in pairs for part in pair])
        return shown

    def map(self, hit: Hit, fields: Fields) -> Reply:
        """Return a document's part of a RESP3 reply."""
        request = self._request
        shown: dict[bytes, Reply] = {_ID: hit.key}
        if request.has_scores:
            # WHY in wire form: the shortest digits, as current Redis sends doubles.
            shown[_SCORE] = Encoded(b",%s\r\n" % number(hit.score))
        if request.has_payloads:
            shown[_PAYLOAD] = None
        if request.has_sort_keys:
            shown[_SORT_KEY] = _sort_key(hit)
        if request.has_content and request.returned != []:
            if isinstance(fields, Packed):
                shown[_EXTRA] = Encoded(self._rows.one(*fields, True))
            else:
                shown[_EXTRA] = dict(self._pairs(hit, fields))
        shown[_VALUES] = []
        return shown

    def _pairs(self, hit: Hit, fields: dict[bytes, bytes]) -> _Pairs:
        """Return (name in the reply, value) of the fields to show."""
        if self._request.returned is not None:
            found = self._chosen(hit, fields)
        else:
            found = self._all(fields)
        if self._marker is None:
            return [(title, value) for title, _, value in found]
        mark = self._marker.mark
        is_typed = self._request.returned is not None
        return [
            (title, value)
            if is_typed and key in self._numbers
            else (title, mark(title, value))
            for title, key, value in found
        ]

    def _chosen(
        self, hit: Hit, fields: dict[bytes, bytes]
    ) -> list[tuple[bytes, bytes, bytes]]:
        shown = []
        for name, alias in self._request.returned or ():
            key = field_key(name, self._schema)
            value = hit.key if name == "__key" else fields.get(key)
            if value is None:
                continue
            if key in self._numbers:
                # WHY: RediSearch loads what RETURN names as the field's type.
                value = number(float(value))
            shown.append((alias.encode("utf-8", "surrogateescape"), key, value))
        return shown

    def _all(self, fields: dict[bytes, bytes]) -> list[tuple[bytes, bytes, bytes]]:
        order = self._order
        for key in fields:
            order.setdefault(key, len(order))
        if len(fields) > 1:
            fields = dict(sorted(fields.items(), key=lambda pair: order[pair[0]]))
        shown = [(key, key, value) for key, value in fields.items()]
        if self._extra is not None and self._extra[1] in fields:
            shown.insert(0, (*self._extra, fields[self._extra[1]]))
        return shown


def _sort_key(hit: Hit) -> bytes | None:
    if hit.value is None:
        return None
    if isinstance(hit.value, float):
        return b"#" + number(hit.value)
    return b"$" + hit.value.encode("utf-8", "surrogateescape")


def number(value: float) -> bytes:
    """Return a double as RediSearch prints it: the shortest form that reads back."""
    if isinf(value) or isnan(value):
        return b"%g" % value
    return repr(value).encode() if value % 1 else b"%d" % value

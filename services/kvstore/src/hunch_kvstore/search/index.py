"""Writing one index: what a changed hash adds and takes away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from math import isnan
from typing import Final

from .counter import Counter
from .document import (
    LAST,
    NO_VALUE,
    BadValueError,
    Document,
    Record,
    analyse,
    key_of,
    moment_end,
    moment_of,
    top_in,
    values_in,
)
from .keys import (
    ALL_DOCUMENTS,
    END_OF_TERM,
    after,
    field_prefix,
    index_prefix,
    pack_number,
    term_prefix,
    unpack_number,
)
from .posting import Reader, Writer, add, add_to_all, build, remove
from .schema import Schema
from .sortable import ordered

Fields = dict[bytes, bytes]
_NUMBER_BYTES: Final = 8


@dataclass(slots=True)
class Failure:
    """The last document that could not be indexed, for FT.INFO."""

    count: int = 0
    message: str = "N/A"
    key: bytes = b"N/A"


# WHY one for all: counts are remembered by index and version, and an index that is read
# anew (after an abort) must not take a version that it had before.
_VERSIONS = count(1)


@dataclass
class Index:
    """One index over the engine's keyspace.

    Attributes:
        schema: What it covers.
        version: Moves with every change of what it holds; counts are remembered by it.
        failures: By field name, "" for the index: since the process started.
        uses: Queries since the process started.
    """

    schema: Schema
    version: int = field(default_factory=lambda: next(_VERSIONS))
    failures: dict[str, Failure] = field(default_factory=dict)
    uses: int = 0

    def __post_init__(self) -> None:
        """Prepare the keys."""
        self.base = index_prefix(self.schema.number)
        self.everything = term_prefix(self.base, ALL_DOCUMENTS, b"")
        self._heads = {
            item.number: field_prefix(self.base, b"p", item.number)
            for item in self.schema.fields
        }
        order = self.schema.order
        self._order_at = None if order is None else self.schema.numerics.index(order)

    # -- changes ---------------------------------------------------------------------

    def update(
        self, tx: Writer, key: bytes, before: Fields | None, now: Fields | None
    ) -> None:
        """Index the change of one hash, in the transaction that changes it.

        Args:
            tx: That transaction.
            key: The user's key.
            before: All fields as they were; None if the key was no hash.
            now: All fields as they are; None if it is gone.
        """
        self.version = next(_VERSIONS)
        raw = tx.get(self.base + b"k" + key)
        number = None if raw is None else unpack_number(raw)
        counter = Counter.load(tx, self.base)
        old = None
        if number is not None:
            if now is not None and before is not None and self._same(before, now):
                self._arrive(tx, number, counter)
                return
            old = self._analysed(before)
        new = None
        if now is not None:
            try:
                new = analyse(self.schema, now)
            except BadValueError as error:
                self._failed(error, key, counter)
        if number is not None and old is None:
            self._purge(tx, number, counter)
            self._forget(tx, key, number, counter)
            number = None
        if new is None:
            if number is not None and old is not None:
                self._take(tx, number, old, old.terms, counter)
                self._forget(tx, key, number, counter)
        elif number is not None and old is not None:
            self._replace(tx, key, number, old, new, counter)
        else:
            self._insert(tx, key, new, counter)
        counter.save(tx, self.base)

    def _same(self, before: Fields, now: Fields) -> bool:
        return all(before.get(f.key) == now.get(f.key) for f in self.schema.fields)

    def _analysed(self, fields: Fields | None) -> Document | None:
        if fields is None:
            return None
        try:
            return analyse(self.schema, fields)
        except BadValueError:
            return None

    def _failed(self, error: BadValueError, key: bytes, counter: Counter) -> None:
        counter.failures += 1
        for name in ("", error.field.name):
            failure = self.failures.setdefault(name, Failure())
            failure.count += 1
            failure.message, failure.key = str(error), key

    def _arrive(self, tx: Writer, number: int, counter: Counter) -> None:
        """Count a change that changed nothing indexed: it is the latest arrival."""
        name = self.base + b"d" + pack_number(number)
        raw = tx.get(name)
        if raw is not None:
            counter.arrivals += 1
            new = Record(counter.arrivals, top_in(raw), values_in(raw), key_of(raw))
            tx.put(name, new.dump())
            counter.save(tx, self.base)

    def _insert(self, tx: Writer, key: bytes, new: Document, counter: Counter) -> None:
        number = self._free_number(tx, new)
        tx.put(self.base + b"k" + key, pack_number(number))
        add(tx, self.everything, number)
        self._give(tx, number, new, new.terms, counter)
        counter.documents += 1
        self._write(tx, key, number, new, counter)

    def _replace(
        self,
        tx: Writer,
        key: bytes,
        number: int,
        old: Document,
        new: Document,
        counter: Counter,
    ) -> None:
        if self._moment(old) != self._moment(new):
            self._take(tx, number, old, old.terms, counter)
            self._forget(tx, key, number, counter)
            self._insert(tx, key, new, counter)
            return
        self._take(tx, number, old, old.terms - new.terms, counter)
        self._give(tx, number, new, new.terms - old.terms, counter)
        self._write(tx, key, number, new, counter)

    def _write(
        self, tx: Writer, key: bytes, number: int, new: Document, counter: Counter
    ) -> None:
        counter.arrivals += 1
        record = Record(counter.arrivals, new.top, new.values, key)
        tx.put(self.base + b"d" + pack_number(number), record.dump())
        if self.schema.texts:
            tx.put(self.base + b"w" + pack_number(number), new.stream)

    def _forget(self, tx: Writer, key: bytes, number: int, counter: Counter) -> None:
        remove(tx, self.everything, number)
        tx.delete(self.base + b"k" + key)
        tx.delete(self.base + b"d" + pack_number(number))
        if self.schema.texts:
            tx.delete(self.base + b"w" + pack_number(number))
        counter.documents -= 1

    def _give(
        self,
        tx: Writer,
        number: int,
        new: Document,
        terms: Iterable[tuple[int, bytes]],
        counter: Counter,
    ) -> None:
        heads = self._heads
        prefixes = [
            heads[item] + term + END_OF_TERM
            if b"\0" not in term
            else term_prefix(self.base, item, term)
            for item, term in sorted(terms)
        ]
        counter.terms += add_to_all(tx, prefixes, number)
        counter.postings += len(prefixes)
        for name in self._number_names(number, new):
            tx.put(name, b"")

    def _take(
        self,
        tx: Writer,
        number: int,
        old: Document,
        terms: Iterable[tuple[int, bytes]],
        counter: Counter,
    ) -> None:
        for item, term in sorted(terms):
            counter.terms -= remove(tx, term_prefix(self.base, item, term), number)
            counter.postings -= 1
        for name in self._number_names(number, old):
            tx.delete(name)

    def _number_names(self, number: int, document: Document) -> Iterable[bytes]:
        """Return the keys of a document in the orders of the other NUMERIC fields."""
        tail = pack_number(number)
        for at, item in enumerate(self.schema.numerics):
            value = document.values[at]
            if at != self._order_at and item.is_indexed and not isnan(value):
                head = field_prefix(self.base, b"n", item.number)
                yield head + ordered(value) + tail

    def _purge(self, tx: Writer, number: int, counter: Counter) -> None:
        """Take a document out of every list without knowing its terms.

        WHY: the caller says what the hash was before. Should it once not know, a slow
        look at every list is better than postings that point at nothing.
        """
        head = self.base + b"p"
        at = head
        while True:
            found = next(iter(tx.scan(at, after(head))), None)
            if found is None:
                break
            prefix = found[0][:-_NUMBER_BYTES]
            if prefix != self.everything:
                counter.terms -= remove(tx, prefix, number)
            at = after(prefix)
        names = field_prefix(self.base, b"n", 0)[:-2]
        tail = pack_number(number)
        gone = [name for name, _ in tx.scan(names, after(names)) if name.endswith(tail)]
        for name in gone:
            tx.delete(name)

    # -- numbers ---------------------------------------------------------------------

    def _moment(self, document: Document) -> int:
        if self._order_at is None:
            return NO_VALUE
        value = document.values[self._order_at]
        return NO_VALUE if isnan(value) else moment_of(value)

    def _free_number(self, tx: Reader, document: Document) -> int:
        start = self._moment(document)
        stop = moment_end(start)
        head = self.base + b"d"
        last = head + pack_number(stop)
        for name, _ in tx.scan(head + pack_number(start), last + b"\0", reverse=True):
            number = unpack_number(name[-_NUMBER_BYTES:]) + 1
            return number if number <= stop else self._gap(tx, start, stop)
        return start

    def _gap(self, tx: Reader, start: int, stop: int) -> int:
        """Find a number that has become free in a moment used to its end."""
        head = self.base + b"d"
        expected = start
        last = head + pack_number(stop)
        for name, _ in tx.scan(head + pack_number(start), last + b"\0"):
            if unpack_number(name[-_NUMBER_BYTES:]) != expected:
                break
            expected += 1
        if expected > min(stop, LAST):
            raise OverflowError("too many documents share one sort value")
        return expected

    # -- whole index -----------------------------------------------------------------

    def fill(self, tx: Writer, hashes: Iterable[tuple[bytes, Fields]]) -> None:
        """Index all documents of an index that is empty, list by list.

        PERF: every chunk is written once and full, not once per document.
        """
        self.version = next(_VERSIONS)
        counter = Counter.load(tx, self.base)
        lists: dict[tuple[int, bytes], list[int]] = {}
        ties: dict[int, int] = {}
        numbers: list[int] = []
        for key, fields in hashes:
            try:
                new = analyse(self.schema, fields)
            except BadValueError as error:
                self._failed(error, key, counter)
                continue
            start = self._moment(new)
            number = start + ties.get(start, 0)
            ties[start] = ties.get(start, 0) + 1
            numbers.append(number)
            for posting in new.terms:
                lists.setdefault(posting, []).append(number)
            for name in self._number_names(number, new):
                tx.put(name, b"")
            tx.put(self.base + b"k" + key, pack_number(number))
            self._write(tx, key, number, new, counter)
        build(tx, self.everything, sorted(numbers))
        for (item, term), found in sorted(lists.items()):
            build(tx, term_prefix(self.base, item, term), sorted(found))
            counter.postings += len(found)
        counter.documents, counter.terms = len(numbers), len(lists)
        counter.save(tx, self.base)

    def clear(self, tx: Writer) -> None:
        """Remove everything the index keeps, but not its schema."""
        self.version = next(_VERSIONS)
        tx.delete_range(self.base, after(self.base))

    def keys(self, reader: Reader) -> list[bytes]:
        """Return the user's keys of all documents."""
        head = self.base + b"k"
        return [name[len(head) :] for name, _ in reader.scan(head, after(head))]

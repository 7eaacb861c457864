"""Writing one index: what a changed hash adds and takes away."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from math import isnan
from typing import Final

from ._delta import pack, unpack
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
from .lists import Lists
from .pending import Pending, Undoing
from .posting import Reader, Writer, build, remove
from .schema import Schema
from .sortable import ordered

Fields = dict[bytes, bytes]
_NUMBER_BYTES: Final = 8
_TIES_KEPT: Final = 16384
_TRIES: Final = 4


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
        lists: Posting lists that were read lately, of this and other indexes.
    """

    schema: Schema
    version: int = field(default_factory=lambda: next(_VERSIONS))
    failures: dict[str, Failure] = field(default_factory=dict)
    uses: int = 0
    lists: Lists = field(default_factory=Lists)

    def __post_init__(self) -> None:
        """Prepare the keys."""
        self.base = index_prefix(self.schema.number)
        self.everything = term_prefix(self.base, ALL_DOCUMENTS, b"")
        self._lists = self.base + b"p"
        name = self._name(self.everything)
        self._in_everything = pack((name,))
        self._pending = Pending(self.base, name, self.lists)
        self._ties: dict[int, int] = {}
        order = self.schema.order
        self._order_at = None if order is None else self.schema.numerics.index(order)

    def load(self, reader: Reader) -> None:
        """Read what is not in the lists on disk yet."""
        self._pending.load(reader)

    # -- what is not on disk ---------------------------------------------------------

    def _name(self, prefix: bytes) -> bytes:
        """Return what `pending` calls the list whose chunks begin with this."""
        return prefix[len(self._lists) : -len(END_OF_TERM)]

    def pending_in(self, prefix: bytes) -> array[int]:
        """Return the documents a list has beyond its chunks, ascending."""
        return self._pending.numbers(self._name(prefix))

    def pending_terms(self, field: int, head: bytes) -> list[bytes]:
        """Return the terms of a field that wait to be written, as keys have them."""
        start = field_prefix(self.base, b"p", field)[len(self._lists) :]
        return [name[len(start) :] for name in self._pending.names(start + head)]

    # -- changes ---------------------------------------------------------------------

    def update(
        self, tx: Undoing, key: bytes, before: Fields | None, now: Fields | None
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
                self._leave(tx, key, number, old, counter)
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

    def _insert(self, tx: Undoing, key: bytes, new: Document, counter: Counter) -> None:
        number = self._free_number(tx, new)
        tx.put(self.base + b"k" + key, pack_number(number))
        for name in self._number_names(number, new):
            tx.put(name, b"")
        self._write(tx, key, number, new, counter)
        counter.documents += 1
        counter.postings += new.count
        self._pending.insert(tx, number, self._in_everything + new.names)

    def _leave(
        self, tx: Undoing, key: bytes, number: int, old: Document, counter: Counter
    ) -> None:
        names = set(unpack(self._in_everything + old.names))
        self._pending.change(tx, number, names, set())
        for name in self._number_names(number, old):
            tx.delete(name)
        counter.postings -= old.count
        self._forget(tx, key, number, counter)

    def _replace(
        self,
        tx: Undoing,
        key: bytes,
        number: int,
        old: Document,
        new: Document,
        counter: Counter,
    ) -> None:
        if self._moment(old) != self._moment(new):
            self._leave(tx, key, number, old, counter)
            self._insert(tx, key, new, counter)
            return
        before, now = set(unpack(old.names)), set(unpack(new.names))
        self._pending.change(tx, number, before - now, now - before)
        counter.postings += new.count - old.count
        for name in self._number_names(number, old):
            tx.delete(name)
        for name in self._number_names(number, new):
            tx.put(name, b"")
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
        tx.delete(self.base + b"k" + key)
        tx.delete(self.base + b"d" + pack_number(number))
        if self.schema.texts:
            tx.delete(self.base + b"w" + pack_number(number))
        counter.documents -= 1

    def _number_names(self, number: int, document: Document) -> Iterable[bytes]:
        """Return the keys of a document in the orders of the other NUMERIC fields."""
        tail = pack_number(number)
        for at, item in enumerate(self.schema.numerics):
            value = document.values[at]
            if at != self._order_at and item.is_indexed and not isnan(value):
                head = field_prefix(self.base, b"n", item.number)
                yield head + ordered(value) + tail

    def _purge(self, tx: Undoing, number: int, counter: Counter) -> None:
        """Take a document out of every list without knowing its terms.

        WHY: the caller says what the hash was before. Should it once not know, a slow
        look at every list is better than postings that point at nothing.
        """
        self._pending.purge(tx, number)
        at = self._lists
        while True:
            found = next(iter(tx.scan(at, after(self._lists))), None)
            if found is None:
                break
            prefix = found[0][:-_NUMBER_BYTES]
            self.lists.drop(prefix)
            counter.postings -= remove(tx, prefix, number)
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
        """Return a number no document has.

        PERF: most moments have no document or a few; to look for one number after the
        other is a question to the filters each, while a scan reads in every segment.
        """
        start = self._moment(document)
        stop = moment_end(start)
        head = self.base + b"d"
        number = self._ties.get(start, start - 1)
        for _ in range(_TRIES):
            number += 1
            if number > stop:
                return self._gap(tx, start, stop)
            if tx.get(head + pack_number(number)) is None:
                break
        else:
            last = head + pack_number(stop) + b"\0"
            found = tx.scan(head + pack_number(start), last, reverse=True)
            number = unpack_number(next(iter(found))[0][-_NUMBER_BYTES:]) + 1
            if number > stop:
                return self._gap(tx, start, stop)
        if len(self._ties) >= _TIES_KEPT:
            self._ties.clear()
        self._ties[start] = number
        return number

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
        self.lists.clear()
        counter = Counter.load(tx, self.base)
        lists: dict[bytes, list[int]] = {}
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
            for name in unpack(new.names):
                lists.setdefault(name, []).append(number)
            counter.postings += new.count
            for name in self._number_names(number, new):
                tx.put(name, b"")
            tx.put(self.base + b"k" + key, pack_number(number))
            self._write(tx, key, number, new, counter)
        build(tx, self.everything, sorted(numbers))
        for name, found in sorted(lists.items()):
            build(tx, self._lists + name + END_OF_TERM, sorted(found))
        counter.documents = len(numbers)
        counter.save(tx, self.base)

    def clear(self, tx: Writer) -> None:
        """Remove everything the index keeps, but not its schema."""
        self.version = next(_VERSIONS)
        self.lists.clear()
        tx.delete_range(self.base, after(self.base))
        self.__post_init__()

    def keys(self, reader: Reader) -> list[bytes]:
        """Return the user's keys of all documents."""
        head = self.base + b"k"
        return [name[len(head) :] for name, _ in reader.scan(head, after(head))]

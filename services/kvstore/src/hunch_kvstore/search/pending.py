"""The postings of the newest documents, on their way into the lists on disk.

Theory of operation

A document has a hundred words, so a hundred lists grow by one number with each: to write
each list each time would write thirty times the document. Instead the transaction that
writes a hash writes one record with the names of all its lists (`q`), and the numbers go
into lists in memory (`_delta`). A crash loses nothing by that: the records are read when
the store is opened, and the lists in memory are made anew from them.

These form a *generation*. When it holds `GENERATION_POSTINGS` it is frozen, a new one
takes the next documents, and with each of those a few shards of the frozen one are
*folded*: their lists become chunks on disk, and the number of shards folded is written
with them, so that a posting is always in exactly one place. After the last shard the `q`
records go, a few with each document. No change has to wait for a whole generation.

PERF: documents mostly arrive in order of time. Numbers below every number on disk, the
*floor*, form chunks of their own without a look at the list: folding is writing only.
Older ones are sorted into what is there.

Everything here happens in the transaction of a command; should that come to nothing,
what was done in memory is undone.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from struct import Struct
from typing import Final, Protocol

from ._delta import SHARDS, Delta, pack, unpack
from .chunk import decode, union
from .document import LAST
from .keys import END_OF_TERM, after, pack_number, unpack_number
from .lists import Lists
from .posting import INBOX, Reader, Writer, append, remove

# WHY so many: a document that comes late belongs between others. If these are in memory
# still, that costs nothing; if they are on disk, each of its lists is read. And the fewer
# generations, the longer the chunks. Two of them take 100 MB at most.
GENERATION_POSTINGS: Final = 4_000_000
_CLEANED: Final = 4
"""So many records of a folded generation go with each document."""
_EARLY: Final = 5, 4
"""Folding is done when the next generation is four fifths full."""
_STATE: Final = Struct("<IIHQ")
_SERIAL: Final = Struct(">I")


class Undoing(Writer, Protocol):
    """A transaction that tells when it comes to nothing."""

    def on_abort(self, undo: Callable[[], object]) -> None:
        """Call `undo` should the transaction be aborted or refused."""
        ...


@dataclass(slots=True)
class Generation:
    """Documents that arrived one after the other.

    Attributes:
        serial: Its number; they go up.
        delta: The lists.
        documents: Those with a record of this generation.
    """

    serial: int
    delta: Delta = field(default_factory=Delta)
    documents: set[int] = field(default_factory=set)


class Pending:
    """What the lists of one index hold beyond what is on disk.

    A list is named by the bytes of its key between ``p`` and the end of the term.

    Records of a generation that is on disk are deleted a few at a time: `_done`, by
    document, says which are left.

    Args:
        base: What the keys of the index begin with.
        everything: The name of the list of all documents.
        lists: Told of each list on disk that changes.
    """

    def __init__(self, base: bytes, everything: bytes, lists: Lists) -> None:
        self._base = base
        self._lists = lists
        self._everything = everything
        self._active = Generation(1)
        self._frozen: Generation | None = None
        self._floor = LAST
        self._done: dict[int, int] = {}

    def load(self, reader: Reader) -> None:
        """Read what the store holds."""
        raw = reader.get(self._base + b"f")
        frozen = folded = 0
        if raw is not None:
            self._active.serial, frozen, folded, self._floor = _STATE.unpack(raw)
            if frozen:
                self._frozen = Generation(frozen)
        held = {one.serial: one for one in self._generations()}
        head = self._base + b"q"
        # PERF: backwards, as the documents came: the newest has the lowest number, and a
        # list takes that at its end. Forwards each of them moved all others.
        for name, names in reader.scan(head, after(head), reverse=True):
            serial = _SERIAL.unpack_from(name, len(head))[0]
            number = unpack_number(name[-8:])
            if serial not in held:
                self._done[number] = serial
                continue
            one = held[serial]
            one.delta.add(names, number)
            one.documents.add(number)
        if self._frozen is not None:
            self._frozen.delta.folded = folded

    def _generations(self) -> list[Generation]:
        frozen = self._frozen
        return [self._active] if frozen is None else [self._active, frozen]

    # -- reading ---------------------------------------------------------------------

    def numbers(self, name: bytes) -> array[int]:
        """Return the documents a list has here, ascending."""
        found = self._active.delta.numbers(name)
        if self._frozen is not None:
            older = self._frozen.delta.numbers(name)
            return union(found, older) if older else found
        return found

    def names(self, head: bytes) -> list[bytes]:
        """Return the names of lists that begin with `head`, sorted."""
        found: set[bytes] = set()
        for one in self._generations():
            found.update(one.delta.names(head))
        return sorted(found)

    # -- changes ---------------------------------------------------------------------

    def insert(self, tx: Undoing, number: int, names: bytes) -> None:
        """Put a new document into lists.

        Args:
            tx: The transaction that writes the document.
            number: Of the document; no list has it.
            names: Of the lists, in `_delta`'s form.
        """
        one = self._active
        tx.on_abort(partial(self._take_back, one, number, names))
        one.documents.add(number)
        one.delta.add(names, number)
        tx.put(self._record(one.serial, number), names)
        for done in list(islice(self._done, _CLEANED)):
            self._clean(tx, done)
        self._advance(tx)

    def _clean(self, tx: Undoing, number: int) -> None:
        """Delete a document's record of a generation that is on disk, if it has one."""
        serial = self._done.pop(number, None)
        if serial is not None:
            tx.delete(self._record(serial, number))
            tx.on_abort(partial(self._done.__setitem__, number, serial))

    def _take_back(self, one: Generation, number: int, names: bytes) -> None:
        one.documents.discard(number)
        for name in unpack(names):
            one.delta.remove(name, number)

    def change(
        self, tx: Undoing, number: int, gone: set[bytes], fresh: set[bytes]
    ) -> None:
        """Take a document out of some lists and put it into others."""
        active = self._active
        self._clean(tx, number)
        for one in self._generations():
            if number not in one.documents:
                continue
            key = self._record(one.serial, number)
            stored = set(unpack(tx.get(key) or b""))
            left = stored - gone
            if one is active:
                left |= fresh
            if left:
                tx.put(key, pack(sorted(left)))
            else:
                tx.delete(key)
                one.documents.discard(number)
                tx.on_abort(partial(one.documents.add, number))
        for name in gone:
            self._remove(tx, name, number)
        if fresh:
            names = pack(sorted(fresh))
            if number not in active.documents:
                active.documents.add(number)
                tx.on_abort(partial(active.documents.discard, number))
                tx.put(self._record(active.serial, number), names)
            active.delta.add(names, number)
            for name in fresh:
                tx.on_abort(partial(active.delta.remove, name, number))
        self._advance(tx)

    def _remove(self, tx: Undoing, name: bytes, number: int) -> None:
        for one in self._generations():
            if one.delta.remove(name, number):
                tx.on_abort(partial(one.delta.add, pack((name,)), number))
                return
        prefix = self._prefix(name)
        self._lists.drop(prefix)
        remove(tx, prefix, number)

    def purge(self, tx: Undoing, number: int) -> None:
        """Take a document out of every list that is here."""
        self._clean(tx, number)
        for one in self._generations():
            for name in one.delta.names(b""):
                if one.delta.remove(name, number):
                    tx.on_abort(partial(one.delta.add, pack((name,)), number))
            if number in one.documents:
                one.documents.discard(number)
                tx.on_abort(partial(one.documents.add, number))
                tx.delete(self._record(one.serial, number))

    # -- on the way to disk ----------------------------------------------------------

    def _advance(self, tx: Undoing) -> None:
        """Freeze what is full; fold as much of what is frozen as is due."""
        held = self._active.delta.postings
        frozen = self._frozen
        if frozen is None:
            if held >= GENERATION_POSTINGS:
                self._freeze(tx)
            return
        more, least = _EARLY
        due = min(SHARDS, held * SHARDS * more // (GENERATION_POSTINGS * least))
        while frozen.delta.folded < due:
            self._fold(tx, frozen)

    def _freeze(self, tx: Undoing) -> None:
        tx.on_abort(partial(self._restore, self._active, None, self._floor))
        self._floor = self._lowest(tx)
        self._frozen = self._active
        self._active = Generation(self._frozen.serial + 1)
        self._save(tx)

    def _restore(
        self, active: Generation, frozen: Generation | None, floor: int
    ) -> None:
        self._active, self._frozen, self._floor = active, frozen, floor

    def _fold(self, tx: Undoing, one: Generation) -> None:
        """Write the lists of the next shard to disk."""
        delta = one.delta
        for name, numbers in delta.shard(delta.folded):
            prefix = self._prefix(name)
            self._lists.drop(prefix)
            append(tx, prefix, numbers, self._floor)
        tx.on_abort(partial(setattr, delta, "folded", delta.folded))
        delta.folded += 1
        if delta.folded == SHARDS:
            tx.on_abort(partial(self._restore, self._active, one, self._floor))
            tx.on_abort(partial(setattr, self, "_done", self._done))
            self._done = {**self._done, **dict.fromkeys(one.documents, one.serial)}
            self._frozen = None
        self._save(tx)

    def _lowest(self, reader: Reader) -> int:
        """Return the lowest number on disk: of all documents, so of every list."""
        prefix = self._prefix(self._everything)
        lowest = LAST
        for key, raw in reader.scan(prefix, after(prefix)):
            if raw:
                lowest = min(lowest, decode(raw)[0])
            if not key.endswith(INBOX):
                break
        return lowest

    def _save(self, tx: Writer) -> None:
        frozen, folded = 0, 0
        if self._frozen is not None:
            frozen, folded = self._frozen.serial, self._frozen.delta.folded
        state = _STATE.pack(self._active.serial, frozen, folded, self._floor)
        tx.put(self._base + b"f", state)

    def _record(self, serial: int, number: int) -> bytes:
        return self._base + b"q" + _SERIAL.pack(serial) + pack_number(number)

    def _prefix(self, name: bytes) -> bytes:
        return self._base + b"p" + name + END_OF_TERM

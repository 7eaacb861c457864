"""Reads commands from a client's bytes: RESP arrays of bulk strings, or inline lines.

Rules:

* Sans I/O: `feed` takes what arrived, `commands` gives what is complete. The same bytes
  give the same commands however they are cut.
* Every byte is looked at once; an unfinished command keeps its finished words, so a
  slow sender cannot make the server parse the same bytes again and again.
* Nothing is reserved on a client's word: a header may announce 512 MB, memory is taken
  for what has arrived only.
* A line with a zero byte in it never ends, as for C's strchr in Redis; it waits for its
  limit.
* Tolerances and error texts are Redis's own: the two bytes after a bulk string are not
  looked at, and an array of no words is no command.
"""

from __future__ import annotations

from typing import Final

from hunch_kvstore.resp.inline import split_words

INLINE_BYTES: Final = 64 * 1024  # LIMIT: a line, and a length header, at most
ARRAY_WORDS: Final = 2**31 - 1  # LIMIT: what the protocol's integer allows
BULK_BYTES: Final = 512 * 1024 * 1024  # LIMIT: proto-max-bulk-len
UNAUTHENTICATED_WORDS: Final = 10  # LIMIT: strangers may log in and little else
UNAUTHENTICATED_BULK_BYTES: Final = 16384
_SMALL: Final = {b"%d" % number: number for number in range(2048)}


class ProtocolError(Exception):
    """The client broke the protocol; it gets this text and the connection ends."""


class StrangerError(ProtocolError):
    """A client that has not authenticated announced more than strangers may.

    The parser has kept everything from the announcement on: if a command before it, in
    the same bytes, was the password, `take` goes on with it.
    """

    at: int = 0


class Parser:
    """The state of one client's stream of commands.

    Attributes:
        trusted: Whether the client has authenticated; strangers get narrow limits.
        bulk_bytes: Longest bulk string taken.
    """

    __slots__ = (
        "_buffer",
        "_bulk",
        "_missing",
        "_need",
        "_words",
        "bulk_bytes",
        "trusted",
    )

    def __init__(self, *, trusted: bool = True, bulk_bytes: int = BULK_BYTES) -> None:
        self.trusted = trusted
        self.bulk_bytes = bulk_bytes
        self._buffer = bytearray()
        self._need = 0  # do not look again before the buffer holds this many bytes
        self._words: list[bytes] = []
        self._missing = 0  # words still to come of the array being read
        self._bulk = -1  # length of the bulk string being read, or -1

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a command that is not complete is held."""
        return not self._missing and not self._buffer

    @property
    def pending_bytes(self) -> int:
        """Bytes held for a command that is not complete."""
        return len(self._buffer) + sum(map(len, self._words))

    def feed(self, data: bytes) -> list[list[bytes]]:
        """Take what arrived and return the commands it completes.

        Raises:
            ProtocolError: After the commands before the fault were returned by an
                earlier call; see `take`.
        """
        commands: list[list[bytes]] = []
        self.take(data, commands)
        return commands

    def take(self, data: bytes, commands: list[list[bytes]]) -> None:
        """Append the commands completed by `data` to `commands`.

        Raises:
            ProtocolError: When the stream is broken; `commands` then holds what came
                before the fault, which is still to be answered.
            StrangerError: The same, and only a stranger's fault; see there.
        """
        buffer = self._buffer
        if buffer:
            buffer += data
            if len(buffer) < self._need:
                return
            data = bytes(buffer)
            buffer.clear()
        self._need = 0
        try:
            at = self._parse(data, commands)
        except StrangerError as error:
            buffer += memoryview(data)[error.at :]
            raise
        if at < len(data):
            buffer += memoryview(data)[at:]
            if self._need:
                self._need -= at

    def _parse(self, data: bytes, commands: list[list[bytes]]) -> int:
        """Parse from the start of `data`; return how many bytes were used up."""
        at = 0
        size = len(data)
        words = self._words
        missing = self._missing
        bulk = self._bulk
        find = data.find
        try:
            while at < size:
                if not missing:
                    if data[at] != 42:  # "*"
                        end = find(b"\n", at)
                        if end < 0 or find(b"\0", at, end) >= 0:
                            if size - at > INLINE_BYTES:
                                raise ProtocolError("too big inline request")
                            return at
                        line = data[at:end]
                        at = end + 1
                        inline = split_words(line.removesuffix(b"\r"))
                        if inline is None:
                            raise ProtocolError("unbalanced quotes in request")
                        if inline:
                            commands.append(inline)
                        continue
                    end = find(b"\r", at)
                    if end >= 0 and find(b"\0", at, end) >= 0:
                        end = -1
                    if end < 0 or end + 1 >= size:
                        if end < 0 and size - at > INLINE_BYTES:
                            raise ProtocolError("too big mbulk count string")
                        return at
                    missing = self._count(data[at + 1 : end])
                    at = end + 2
                    if not missing:
                        continue
                while missing:
                    if bulk < 0:
                        end = find(b"\r", at)
                        # PERF: a dictionary beats parsing digits by 0.3 us a word.
                        known = _SMALL.get(data[at + 1 : end]) if end >= 0 else None
                        if known is None or data[at] != 36:  # "$"
                            if end >= 0 and find(b"\0", at, end) >= 0:
                                end = -1
                            if end < 0 or end + 1 >= size:
                                if end < 0 and size - at > INLINE_BYTES:
                                    raise ProtocolError("too big bulk count string")
                                return at
                            if data[at] != 36:
                                got = chr(data[at])
                                raise ProtocolError(f"expected '$', got '{got}'")
                            known = self._length(data[at + 1 : end])
                        elif end + 1 >= size:
                            return at
                        bulk = known
                        at = end + 2
                    end = at + bulk
                    if end + 2 > size:
                        self._need = end + 2
                        return at
                    words.append(data[at:end])
                    at = end + 2
                    bulk = -1
                    missing -= 1
                commands.append(words)
                words = []
            return at
        except StrangerError as error:
            error.at = at
            raise
        finally:
            self._words = words
            self._missing = missing
            self._bulk = bulk

    def _count(self, raw: bytes) -> int:
        """Return the number of words an array header announces; 0 for none."""
        count = _SMALL.get(raw)
        if count is None:
            count = _integer(raw)
        if count is None or count > ARRAY_WORDS:
            raise ProtocolError("invalid multibulk length")
        if count > UNAUTHENTICATED_WORDS and not self.trusted:
            raise StrangerError("unauthenticated multibulk length")
        return max(count, 0)

    def _length(self, raw: bytes) -> int:
        """Return the length a bulk header announces."""
        length = _integer(raw)
        if length is None or length < 0 or length > self.bulk_bytes:
            raise ProtocolError("invalid bulk length")
        if length > UNAUTHENTICATED_BULK_BYTES and not self.trusted:
            raise StrangerError("unauthenticated bulk length")
        return length


def _integer(raw: bytes) -> int | None:
    """Return a canonical decimal 64-bit integer, or None for anything else."""
    if len(raw) > 20:
        return None
    try:
        value = int(raw)
    except ValueError:
        return None
    return value if b"%d" % value == raw and -(2**63) <= value < 2**63 else None

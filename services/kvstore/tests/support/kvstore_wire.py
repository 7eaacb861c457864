"""A RESP client for tests: shows every reply as what it was on the wire."""

from __future__ import annotations

import socket


class Wire:
    """A connection that sends words and reads replies without interpreting them.

    A reply is bytes for simple and bulk strings (``b"+OK"``, ``b"$value"``: the type
    byte stays), a tuple for aggregates (``("*", …)``), so two servers' replies are
    equal only if they are equal on the wire.
    """

    def __init__(self, address, timeout_s: float = 20.0):
        if isinstance(address, tuple):
            self.sock = socket.create_connection(address, timeout=timeout_s)
        else:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(timeout_s)
            try:
                self.sock.connect(str(address))
            except OSError:
                self.sock.close()
                raise
        self.buffer = b""
        self.at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, *words):
        self.sock.sendall(pack(words))

    def call(self, *words):
        self.send(*words)
        return self.read()

    def pipeline(self, commands):
        self.sock.sendall(b"".join(map(pack, commands)))
        return [self.read() for _ in commands]

    def _line(self):
        while True:
            end = self.buffer.find(b"\r\n", self.at)
            if end >= 0:
                line = self.buffer[self.at : end]
                self.at = end + 2
                return line
            self._more()

    def _more(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError("the server closed the connection")
        self.buffer = self.buffer[self.at :] + data
        self.at = 0

    def _take(self, size):
        while len(self.buffer) - self.at < size:
            self._more()
        data = self.buffer[self.at : self.at + size]
        self.at += size
        return data

    def read(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind in (b"+", b"-", b":", b",", b"#", b"_", b"("):
            return line
        size = int(rest)
        if kind in (b"$", b"="):
            return line if size < 0 else kind + self._take(size + 2)[:-2]
        if kind in (b"*", b"~", b">"):
            if size < 0:
                return line
            return (kind.decode(), *(self.read() for _ in range(size)))
        if kind == b"%":
            return ("%", *(self.read() for _ in range(2 * size)))
        raise AssertionError(f"no such reply: {line!r}")

    def is_closed(self):
        """Wait for the server to close; tell whether it did without a word more."""
        try:
            return self.buffer[self.at :] == b"" and self.sock.recv(1) == b""
        except ConnectionError:
            return True


def raw(word):
    return word if isinstance(word, bytes) else str(word).encode()


def pack(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        text = raw(word)
        parts.append(b"$%d\r\n%b\r\n" % (len(text), text))
    return b"".join(parts)

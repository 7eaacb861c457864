"""Blocking reads and writes on a socket's number.

WHY numbers instead of socket objects: the prefork model makes and drops one connection
per request, and the object costs more than the system calls around it.
"""

import os
import select
import socket
import struct
from typing import Final

from fcgi.codec import Buffer
from fcgi.errors import AbortedError, StreamError
from fcgi.records import HEADER_SIZE, Type

RECEIVE_SIZE: Final = 65536
_IOV_MAX: Final = 1024
_ABORT: Final = bytes((Type.ABORT_REQUEST,))


def receive(fd: int, size: int = RECEIVE_SIZE) -> bytes:
    """Return what has arrived, waiting for at least a byte; empty at the end.

    Raises:
        StreamError: If the connection broke.
    """
    try:
        return os.read(fd, size)
    except OSError as error:
        raise StreamError(*error.args) from error


# PERF: reading what is there without asking first whether there is anything saves a
# system call, and lighttpd writes the request before a worker wakes up (2026-11).
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", 0)


class Reader:
    """Reads the first bytes of one connection after the other.

    Args:
        timeout_s: How long a peer may stay silent.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        buffer = bytearray(RECEIVE_SIZE)
        self._view = memoryview(buffer)
        self._into = [buffer]

    def receive(self, fd: int) -> bytes:
        """Return what has arrived, waiting for at least a byte; empty at the end.

        Raises:
            StreamError: If the connection broke, or the peer said nothing.
        """
        if _NOWAIT:
            try:
                got = os.preadv(fd, self._into, -1, _NOWAIT)
                return self._view[:got].tobytes()
            except OSError:
                pass  # nothing yet, or a kernel that cannot; errors come again below
        return receive_in_time(fd, self._timeout_s)


def send_bytes(fd: int, data: bytes) -> None:
    """Write all of `data`.

    Raises:
        AbortedError: If the peer is gone.
    """
    try:
        sent = os.write(fd, data)
    except OSError as error:
        raise AbortedError(*error.args) from error
    if sent < len(data):
        send(fd, [memoryview(data)[sent:]])


def send(fd: int, pieces: list[Buffer]) -> None:
    """Write all pieces, in one system call unless the peer is slow.

    Raises:
        AbortedError: If the peer is gone.
    """
    try:
        sent = os.writev(fd, pieces if len(pieces) <= _IOV_MAX else pieces[:_IOV_MAX])
        total = sum(map(len, pieces))
        while sent < total:
            pieces = _rest(pieces, sent)
            total -= sent
            sent = os.writev(fd, pieces[:_IOV_MAX])
    except OSError as error:
        raise AbortedError(*error.args) from error


def _rest(pieces: list[Buffer], sent: int) -> list[Buffer]:
    """Return what is left of `pieces` once `sent` bytes of them are gone."""
    for index, piece in enumerate(pieces):
        if sent < len(piece):
            return [memoryview(piece)[sent:], *pieces[index + 1 :]]
        sent -= len(piece)
    return []


def is_readable(fd: int, timeout_s: float = 0.0) -> bool:
    """Return whether bytes, or the end of the connection, can be read in time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def is_given_up(fd: int) -> bool:
    """Return whether the peer left, or aborted the request whose input was all read."""
    if not is_readable(fd):
        return False
    # A copy, for a socket object closes what it was made of.
    with socket.socket(fileno=os.dup(fd)) as sock:
        try:
            ahead = sock.recv(HEADER_SIZE, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return True
    # Whatever else is there is the next request of a kept connection.
    return not ahead or ahead[1:2] == _ABORT


def limit_waits(fd: int, timeout_s: float) -> None:
    """Let reads end after a while; `receive_or_not` tells."""
    seconds, fraction = divmod(max(timeout_s, 1e-3), 1)  # 0 would be for ever
    wait = struct.pack("ll", int(seconds), int(fraction * 1e6))
    sock = socket.socket(fileno=fd)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
    finally:
        sock.detach()


def receive_or_not(fd: int) -> bytes | None:
    """Like `receive`; None when the wait that `limit_waits` set is over.

    Raises:
        StreamError: If the connection broke.
    """
    try:
        return os.read(fd, RECEIVE_SIZE)
    except BlockingIOError:
        return None
    except OSError as error:
        raise StreamError(*error.args) from error


def receive_in_time(fd: int, timeout_s: float) -> bytes:
    """Like `receive`, for no longer than `timeout_s`.

    Raises:
        StreamError: If the connection broke, or the peer said nothing.
    """
    # LIMIT: a peer that connects and stays silent would keep a worker for good.
    if not is_readable(fd, timeout_s):
        msg = f"the peer said nothing for {timeout_s:.0f} s"
        raise StreamError(msg)
    return receive(fd)

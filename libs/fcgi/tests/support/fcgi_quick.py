"""The fast path without a server around it: one request after the other."""

import socket

from fcgi.client import parse_response
from fcgi.client_connection import ClientConnection
from fcgi.events import RequestEnded, StdoutReceived
from fcgi.quick import Quick
from fcgi.scoreboard import Scoreboard
from fcgi.settings import Settings
from fcgi.worker import Worker

KINDS = [Quick]
try:
    from fcgi import _quick
except ImportError:
    pass
else:
    KINDS.append(_quick.Quick)


def make(kind, app, **options):
    worker = Worker(app, None, Settings(**options), Scoreboard(1).slot(0))
    return kind(worker), worker


def exchange(quick, raw):
    """Send bytes and return what came back, and what was handed back."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        ours.sendall(raw)
        ours.shutdown(socket.SHUT_WR)
        left = quick.serve(theirs.fileno())
        theirs.close()
        got = b""
        try:
            while data := ours.recv(65536):
                got += data
        except ConnectionResetError:
            pass
    return got, left


def request(pairs, body=b"", request_id=1, keep=False):
    client = ClientConnection()
    pieces = client.begin_request(request_id, pairs, keep=keep)
    pieces += client.send_stdin(request_id, body) if body else []
    return b"".join([*pieces, *client.send_stdin(request_id, b"")])


def status_of(raw, request_id=1):
    client = ClientConnection()
    client.begin_request(request_id, [])
    client.receive_data(raw)
    seen = list(client.events())
    assert isinstance(seen[-1], RequestEnded)
    out = b"".join(e.content for e in seen if isinstance(e, StdoutReceived))
    return parse_response(out)[0]

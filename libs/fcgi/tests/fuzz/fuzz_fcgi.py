"""A fuzz target for atheris: both ends of a connection, and the twins of the codec.

    FCGI_FUZZ_SECONDS=60 python libs/fcgi/tests/fuzz/fuzz_fcgi.py [CORPUS] [-option=…]

What must hold for any bytes: `RemoteProtocolError` and `RefusedError` are the only
errors, one byte at a time gives the same events as all at once, memory stays within
the limits, and the compiled codec does what the plain one does.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fcgi"]):
    from fcgi import _pure
    from fcgi.client_connection import ClientConnection
    from fcgi.errors import RefusedError, RemoteProtocolError
    from fcgi.last import Last
    from fcgi.limits import Limits
    from fcgi.server_connection import ServerConnection

try:
    from fcgi import _speed
except ImportError:
    _speed = _pure

LIMITS = Limits(params_size=4096, requests=4)
BASE = {"wsgi.version": (1, 0)}
LAST = Last()


def outcome(call, *args):
    """Return what a call gives, or the error that is allowed."""
    try:
        return call(*args)
    except (RemoteProtocolError, RefusedError) as error:
        return type(error).__name__, str(error)


def events(connection, raw, step):
    """Return the events of bytes that arrive in steps, and the error at their end."""
    seen = []
    try:
        for start in range(0, len(raw), step):
            connection.receive_data(raw[start : start + step])
            seen += connection.events()
    except RemoteProtocolError as error:
        seen.append(str(error))
    assert len(connection.data_to_send()) <= 16 * len(raw) + 64
    return seen


def one_input(raw: bytes) -> None:
    """Try one input."""
    for make in (lambda: ServerConnection(LIMITS), lambda: ClientConnection(LIMITS)):
        whole = events(make(), raw, max(1, len(raw)))
        assert whole == events(make(), raw, 1)
    for name in ("decode_pairs", "decode_environ", "read_request"):
        args = () if name == "decode_pairs" else (BASE,)
        ours = outcome(getattr(_pure, name), raw, *args)
        assert ours == outcome(getattr(_speed, name), raw, *args), name
    found = outcome(_pure.read_request, raw, BASE)
    # What the last input left behind must not change what this one means.
    recalled = LAST.recall(raw)
    if recalled is not None:
        assert found is not None
        assert recalled == {"REQUEST_METHOD": "GET", **found[2]}
    elif found is not None and not isinstance(found[0], str) and not found[3]:
        LAST.remember(raw, {"REQUEST_METHOD": "GET", **found[2]})


def seeds() -> list[bytes]:
    """Return inputs that are as they should be, for the fuzzer to begin with."""
    pairs = [(b"PATH_INFO", b"/"), (b"REQUEST_METHOD", b"GET"), (b"HTTP_X", b"y" * 200)]
    client = ClientConnection()
    one = b"".join([*client.begin_request(1, pairs, keep=True), client.get_values()])
    two = b"".join([*client.begin_request(2, pairs), *client.send_stdin(2, b"")])
    body = b"".join([*client.send_stdin(1, b"body"), *client.send_stdin(1, b"")])
    answer = _pure.encode_stream(6, 1, b"Status: 200 OK\r\n\r\n")
    end = _pure.encode_end(1)
    return [one + body, two, one + two + body, b"".join([*answer, end]), one[24:]]


def main() -> None:
    """Fuzz for as long as the environment says."""
    seconds = os.environ.get("FCGI_FUZZ_SECONDS", "60")
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            Path(folder, str(number)).write_bytes(seed)
        arguments = [*sys.argv, f"-max_total_time={seconds}", "-max_len=1024"]
        # The first folder is where what is found goes; given ones come before ours.
        atheris.Setup([*arguments, folder], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

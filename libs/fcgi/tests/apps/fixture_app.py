"""Applications that the tests start as real processes."""

import json
import os
import sys
import time
from wsgiref.validate import validator

from fcgi import sendfile

PID = os.getpid()  # of the process that imported this file


def app(environ, start_response):
    path = environ["PATH_INFO"]
    handler = HANDLERS.get(path.split("/")[1] or "hello", hello)
    return handler(environ, start_response)


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello\n"]


def show(environ, start_response):
    body = environ["wsgi.input"].read()
    seen = {k: v for k, v in environ.items() if isinstance(v, (str, int, bool))}
    text = json.dumps({"environ": seen, "body": body.decode("latin-1")})
    start_response("200 OK", [("Content-Type", "application/json")])
    return [text.encode()]


def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    stream = environ["wsgi.input"]
    if environ["QUERY_STRING"] == "lines":
        return [b"%d:%s" % (i, line) for i, line in enumerate(stream)]
    return [stream.read(int(environ["CONTENT_LENGTH"] or 0))]


def pid(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([os.getpid(), os.getppid(), PID]).encode()]


def slow(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"] or 1))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"slow\n"]


def die(environ, start_response):
    os._exit(9)


def fail(environ, start_response):
    raise ValueError("a secret of the application")


def fail_later(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"beginning"
    raise ValueError("in the middle")


def stream(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for i in range(int(environ["QUERY_STRING"] or 3)):
        yield b"%d\n" % i
        time.sleep(0.05)


def big(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [b"x" * int(environ["QUERY_STRING"] or 20000)]


def complain(environ, start_response):
    environ["wsgi.errors"].write("something happened\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]


def empty(environ, start_response):
    start_response(environ["QUERY_STRING"].replace("+", " "), [])
    return [b"never to be seen"]


valid = validator(
    lambda environ, start_response: (
        echo if environ["REQUEST_METHOD"] == "POST" else hello
    )(environ, start_response)
)

HANDLERS = {
    "valid": valid,
    **{
    f.__name__: f
    for f in (hello, show, echo, pid, slow, die, fail, fail_later, stream, big, complain, empty)
    },
}  # fmt: skip


def authorize(environ, start_response):
    assert environ["fcgi.role"] == "AUTHORIZER"
    start_response("200 OK" if environ.get("HTTP_X_KEY") else "403 Forbidden", [])
    return []


def sent(environ, start_response):
    start_response("200 OK", [sendfile.header(environ, __file__)])
    return []


def factory():
    return app


def allow(environ, start_response):
    start_response("200 OK", [("Variable-ROLE", environ["fcgi.role"])])
    return [environ["wsgi.input"].read()]


def filter_(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    body, data = environ["wsgi.input"].read(), environ["fcgi.data"].read()
    return [environ["fcgi.role"].encode(), b" ", body, b" ", data.upper()]


def until_aborted(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(200):
        if environ["fcgi.is_aborted"]():
            yield b"aborted"
            return
        time.sleep(0.02)
        yield b"."


class Endless:
    def __init__(self, path):
        self.path = path

    def __iter__(self):
        while True:
            yield b"x" * 1000
            time.sleep(0.01)

    def close(self):
        with open(self.path, "w"):
            pass


def endless(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Endless(environ["QUERY_STRING"])


def written(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"one ")
    write(b"two ")
    return [b"three"]


def wrapped(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 1000)


def twice(environ, start_response):
    start_response("200 OK", [("X-One", "1")])
    try:
        raise KeyError("now what")
    except KeyError:
        start_response("503 Busy", [("X-Two", "2")], sys.exc_info())
    return [b"busy"]


def too_late(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"begun ")
    try:
        raise KeyError("after the header was sent")
    except KeyError:
        start_response("500 Oops", [], sys.exc_info())  # raises it again
    return [b"never to be seen"]


def gated(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first "
    while not os.path.exists(environ["QUERY_STRING"]):
        time.sleep(0.01)
    yield b"second"


def patient(environ, start_response):
    """Wait for a file, but not for ever; say whether it came."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if os.path.exists(environ["QUERY_STRING"]):
            return [b"came"]
        time.sleep(0.01)
    return [b"never came"]


def short(environ, start_response):
    start_response("200 OK", [("Content-Length", "10")])
    return [b"short"]


def long(environ, start_response):
    start_response("200 OK", [("Content-Length", "3")])
    yield b"longer than that"


def split(environ, start_response):
    start_response("200 OK", [("X-Evil", "a\r\nSet-Cookie: b")])
    return [b""]


def silent(environ, start_response):
    return [b"no header"]


def text(environ, start_response):
    start_response("200 OK", [])
    return ["not bytes"]


HANDLERS.update(
    {
        f.__name__.rstrip("_"): f
        for f in (sent, allow, filter_, until_aborted, endless, written, wrapped, twice, too_late,
                  gated, patient, short, long, split, silent, text)
    }
)  # fmt: skip


class Closing:
    """An application that writes down who ended it, into the folder it was told."""

    def __init__(self, hook="close"):
        setattr(self, hook, self._end)

    def __call__(self, environ, start_response):
        return app(environ, start_response)

    def _end(self):
        folder = os.environ["FCGI_TEST_FOLDER"]
        with open(os.path.join(folder, f"end{os.getpid()}"), "a") as file:
            file.write("end\n")
        raise RuntimeError("a hook that fails")


def closing():
    return Closing()


def stopping():
    return Closing("stop")


def dying():
    """Return an application whose workers die at birth, the parent's one excepted."""
    os.register_at_fork(after_in_child=lambda: os._exit(7))
    return app


def broken():
    """Be a factory that fails."""
    return 1 // 0

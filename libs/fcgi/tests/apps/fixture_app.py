"""Applications that the tests start as real processes."""

import json
import os
import time
from wsgiref.validate import validator

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


def factory():
    return app

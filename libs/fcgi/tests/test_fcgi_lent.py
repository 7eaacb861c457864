"""An environ or a response is used again only when its application is through with it."""

import copy

import pytest
from fcgi_quick import KINDS, exchange, make, request, status_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fcgi.client import params_for

BODY = b"Hello World\n"


def leave(_environ):
    """Look and touch nothing."""


def put(environ):
    environ["app.mine"] = object()


def change(environ):
    environ["PATH_INFO"] = "/elsewhere"


def change_and_restore(environ):
    was = environ["PATH_INFO"]
    environ["PATH_INFO"] = "/elsewhere"
    environ["PATH_INFO"] = was


def take_out(environ):
    del environ["SERVER_NAME"]


def reorder(environ):
    environ["REMOTE_PORT"] = environ.pop("REMOTE_PORT", "0")


def merge(environ):
    environ |= {"HTTP_HOST": "elsewhere", "app.mine": "1"}


def empty(environ):
    environ.clear()


ACTS = (leave, put, change, change_and_restore, take_out, reorder, merge, empty)
STEPS = st.tuples(
    st.sampled_from(ACTS),
    st.booleans(),  # whether the application keeps its environ
    st.sampled_from(("/", "/a", "/b", "/a-longer-one")),
    st.sampled_from((b"1", b"50001", b"50002")),
    st.sampled_from((None, b"x=1", b"y=2")),
)


def pairs_of(path, port, cookie):
    """Return parameters of which two or three vary."""
    pairs = dict(params_for(path)) | {b"REMOTE_PORT": port}
    if cookie is not None:
        pairs[b"HTTP_COOKIE"] = cookie
    return list(pairs.items())


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(STEPS, min_size=2, max_size=40))
@settings(max_examples=150)
def test_each_request_sees_its_own_environ(kind, steps):
    now = {}
    kept = []

    def app(environ, start_response):
        now["seen"] = list(environ.items())
        if now["keep"]:
            kept.append((environ, now["seen"]))
        else:
            now["act"](environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [BODY]

    quick, _ = make(kind, app)
    for act, keep, path, port, cookie in steps:
        now |= {"act": act, "keep": keep}
        raw = request(pairs_of(path, port, cookie))
        got, left = exchange(quick, raw)
        assert left is None
        assert status_of(got) == 200
        here = now.pop("seen")
        fresh, _ = make(kind, app)
        now |= {"act": leave, "keep": False}
        exchange(fresh, raw)
        there = now.pop("seen")
        assert [k for k, _ in here] == [k for k, _ in there]
        assert text(here) == text(there)
    for environ, seen in kept:
        assert list(environ.items()) == seen


def text(items):
    return {name: value for name, value in items if isinstance(value, str)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_environ_that_someone_holds_is_not_used_again(kind):
    held = []
    quick, _ = make(kind, answering(lambda environ, _start: held.append(environ)))
    for port in (b"1", b"2", b"2", b"3"):
        exchange(quick, request(pairs_of("/", port, None)))
    assert [environ["REMOTE_PORT"] for environ in held] == ["1", "2", "2", "3"]
    assert len({id(environ) for environ in held}) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_what_shows_an_environ_holds_it(kind):
    shown = []
    quick, _ = make(
        kind, answering(lambda environ, _start: shown.append(environ.items()))
    )
    for port in (b"1", b"2", b"3", b"4"):
        exchange(quick, request(pairs_of("/", port, None)))
    assert [dict(items)["REMOTE_PORT"] for items in shown] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_the_application_s(kind):
    copies = []
    quick, _ = make(
        kind, answering(lambda environ, _start: copies.append(copy.copy(environ)))
    )
    for port in (b"1", b"2", b"3", b"4"):
        exchange(quick, request(pairs_of("/", port, None)))
    assert [environ["REMOTE_PORT"] for environ in copies] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", ["start_response", "write", "both"])
def test_a_response_that_someone_holds_answers_nobody_else(kind, held):
    starts, writes = [], []

    def app(_environ, start_response):
        for start in starts:
            with pytest.raises(RuntimeError):
                start("200 OK", [("X-Foreign", "1")])
        for write in writes:
            with pytest.raises(RuntimeError):
                write(b"foreign")
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        if held != "write":
            starts.append(start_response)
        if held != "start_response":
            writes.append(write)
        return [BODY]

    quick, _ = make(kind, app)
    for _ in range(4):
        got, _ = exchange(quick, request(pairs_of("/", b"1", None)))
        assert BODY in got
        assert b"oreign" not in got
    assert len(starts) + len(writes) == (8 if held == "both" else 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_is_new_after_one_that_broke(kind):
    broken = [True, False, True, True, False, False]
    at = iter(broken)

    def app(_environ, start_response):
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        if next(at):
            write(b"a part")
            raise ValueError
        return [BODY]

    quick, _ = make(kind, app)
    for is_broken in broken:
        got, _ = exchange(quick, request(pairs_of("/", b"1", None)))
        assert (BODY in got) is not is_broken
        assert (b"a part" in got) is is_broken


def answering(look):
    """Return an application that looks at its environ and answers."""

    def app(environ, start_response):
        look(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [BODY]

    return app

"""The parsing processes: what kills them must not matter."""

from __future__ import annotations

import struct
import threading
import time
import zlib

import pytest

from hunch_aggregator.parse import (
    DocumentJob,
    ParsedFeed,
    ParsePool,
    Picture,
    PictureJob,
    Unreadable,
)

GOOD = b"<rss version='2.0'><channel><item><title>x</title><guid>1</guid></item></channel></rss>"
URL = "https://feeds.example/"


def rss(title: bytes) -> bytes:
    return GOOD.replace(b">x<", b">" + title + b"<")


def test_good_documents_pass_through(parser):
    found = parser.parse(DocumentJob(URL, GOOD))
    assert isinstance(found, ParsedFeed)
    assert found.entries[0].title == "x"


ATTRIBUTES = b"<item " + b" ".join(b"a%d='1'" % i for i in range(120_000)) + b">"
LAUGHS = (
    b"<!DOCTYPE r [<!ENTITY a 'ha'>"
    + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
    )
    + b"]>"
)
DEADLY = {
    "a character that does not exist": rss(b"&#99999999999;"),
    "attributes by the thousand": GOOD.replace(b"<item>", ATTRIBUTES),
    "billion laughs": LAUGHS + rss(b"&j;"),
    "file entity": b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    + rss(b"&x;"),
    "nested tags": rss(b"<a>" * 200_000),
    "five megabytes of junk": bytes(range(256)) * 20_000,
    "five megabytes of angle brackets": b"<rss>" + b"<" * 5_000_000,
    "five megabytes of ampersands": rss(b"&" * 5_000_000),
    "deep json": b'{"version":"https://jsonfeed.org/version/1.1","items":'
    + b"[" * 900_000,
    "json numbers": b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":'
    + b"9" * 100_000
    + b"}]}",
    "html": b"<html>" + b"<div class=h-entry>" * 40_000,
}


@pytest.fixture(scope="module")
def hurried():
    with ParsePool(1, cpu_s=1) as pool:
        yield pool


@pytest.mark.parametrize("name", DEADLY)
def test_feeds_of_death_end_in_an_answer(hurried, name):
    started = time.monotonic()
    found = hurried.parse(DocumentJob(URL, DEADLY[name]))
    assert time.monotonic() - started < 15
    assert isinstance(found, (Unreadable, ParsedFeed))
    if isinstance(found, ParsedFeed):
        assert all("root:" not in e.title for e in found.entries)
    assert isinstance(hurried.parse(DocumentJob(URL, GOOD)), ParsedFeed)


def test_a_child_that_is_killed_is_replaced():
    import psutil

    others = psutil.Process().children()
    with ParsePool(1) as pool:
        pool.parse(DocumentJob(URL, GOOD))
        for child in psutil.Process().children():
            if child not in others:
                child.kill()
                child.wait()
        found = pool.parse(DocumentJob(URL, GOOD))
        again = pool.parse(DocumentJob(URL, GOOD))
    assert isinstance(found, ParsedFeed)
    assert isinstance(again, ParsedFeed)


def test_a_job_that_takes_too_long_is_ended():
    with ParsePool(1, wall_s=0.001) as pool:
        found = pool.parse(DocumentJob(URL, GOOD))
    assert isinstance(found, Unreadable)
    assert "longer than" in found.reason


def test_many_threads_share_a_few_children(parser):
    results = []

    def one(n: int) -> None:
        found = parser.parse(DocumentJob(URL, rss(b"t%d" % n)))
        results.append((n, found.entries[0].title))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(n, f"t{n}") for n in range(20)]


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = zlib.compress((b"\0" + bytes(3 * min(width, 99))) * min(height, 99))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def test_pictures_are_measured_by_what_they_are(parser):
    assert parser.measure(PictureJob(png(30, 20))) == Picture(
        "png", "image/png", 30, 20
    )
    for body in (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html>",
        b"",
        b"\xff\xd8\xff" + bytes(50),
        b"GIF89a",
        b"BM" + bytes(60),
        b"%PDF-1.4",
        png(100_000, 100_000),
        png(0, 5),
    ):
        assert isinstance(parser.measure(PictureJob(body)), Unreadable), body[:20]

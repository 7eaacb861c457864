"""Asking hubs for pushes: what is sent, when, and when not."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs

import pytest

from hunch_aggregator.websub import LEASE_S, Subscriber, is_reachable
from hunch_stream.source import SourceState

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def hub(origin):
    """A hub that writes down what it is asked."""
    forms: list[dict[str, str]] = []

    def answer(h):
        size = int(h.headers["Content-Length"])
        form = parse_qs(h.rfile.read(size).decode())
        forms.append({name: values[0] for name, values in form.items()})
        h.connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    origin.serve("/hub", answer)
    return forms


def state_of(origin, **fields) -> SourceState:
    topic = origin.base + "/feed"
    return SourceState(slug="blog", hub=origin.base + "/hub", topic=topic, **fields)


def test_a_hub_is_asked_once_and_again_before_it_ends(origin, hub, store, fetcher):
    subscriber = Subscriber(store, fetcher, "https://me.example/")
    state = state_of(origin)
    assert not subscriber.keep(state, NOW)
    (form,) = hub
    assert form["hub.mode"] == "subscribe"
    assert form["hub.topic"] == state.topic
    base, _, token = form["hub.callback"].rpartition("/")
    assert base == "https://me.example/websub"
    assert len(token) >= 32
    assert store.websub(token)["secret"] == form["hub.secret"]
    assert len(form["hub.secret"].encode()) < 200
    assert store.websub(token)["source"] == "blog"
    subscriber.keep(state, NOW + DAY / 2)
    assert len(hub) == 1
    # what the site does when the hub verifies
    expires = int((NOW + dt.timedelta(seconds=LEASE_S)).timestamp())
    store.subscribe_websub(token, {"state": "active", "expires": str(expires)})
    assert subscriber.keep(state, NOW + 2 * DAY)
    assert len(hub) == 1
    assert subscriber.keep(state, NOW + 9 * DAY)
    assert len(hub) == 2
    assert hub[1]["hub.callback"] == form["hub.callback"]
    assert hub[1]["hub.secret"] == form["hub.secret"]


def test_a_silent_hub_is_asked_again_after_a_day_and_a_new_one_at_once(
    origin, hub, store, fetcher
):
    subscriber = Subscriber(store, fetcher, "https://me.example/")
    subscriber.keep(state_of(origin), NOW)
    subscriber.keep(state_of(origin), NOW + 2 * DAY)
    assert len(hub) == 2
    other = SourceState(
        slug="blog", hub=origin.base + "/hub", topic="http://other.example/"
    )
    subscriber.keep(other, NOW + 2 * DAY)
    assert len(hub) == 3
    assert hub[2]["hub.callback"] != hub[1]["hub.callback"]


def test_a_hub_that_fails_is_no_failure_of_the_source(origin, store, fetcher):
    subscriber = Subscriber(store, fetcher, "https://me.example/")
    assert not subscriber.keep(state_of(origin), NOW)
    inside = SourceState(
        slug="b", hub="http://169.254.169.254/", topic="http://x.example/"
    )
    assert not subscriber.keep(inside, NOW)


@pytest.mark.parametrize(
    ("url", "yes"),
    [
        ("https://me.example/", True),
        ("http://8.8.8.8/", True),
        ("http://localhost:8080/", False),
        ("http://127.0.0.1/", False),
        ("http://192.168.1.5/", False),
        ("http://box.local/", False),
    ],
)
def test_only_sites_in_the_world_ask(url, yes, origin, hub, store, fetcher):
    assert is_reachable(url) == yes
    Subscriber(store, fetcher, url).keep(state_of(origin), NOW)
    assert len(hub) == yes

"""WebSub: verification and pushes. A push is word that something is new, never content."""

import hashlib
import hmac
from typing import Any

import pytest

from hunch_web.controller.websub import is_signed
from smisk.test import Client

TOKEN = "t" * 32
TOPIC = "https://ada.example/blog/feed"
SECRET = "s3cret"
BODY = b"<feed>new</feed>"


@pytest.fixture
def subscribed(module_store: Any, make_site: Any) -> tuple[Any, Client]:
    store = module_store.client()
    fields = {"source": "blog", "topic": TOPIC, "secret": SECRET, "state": "asked"}
    store.subscribe_websub(TOKEN, fields)
    return store, Client(make_site(module_store))


def verification(**changes: str) -> dict[str, str]:
    fields = {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "a <b> challenge",
        "hub.lease_seconds": "864000",
        **changes,
    }
    return {name: value for name, value in fields.items() if value}


def sign(body: bytes = BODY, secret: str = SECRET, method: str = "sha256") -> str:
    return f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"


def test_verification_echoes_the_challenge_as_plain_text(subscribed: Any) -> None:
    store, client = subscribed
    reply = client.get(f"/websub/{TOKEN}", query=verification())
    assert (reply.status, reply.text) == (200, "a <b> challenge")
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    known = store.websub(TOKEN)
    assert known["state"] == "active"
    assert int(known["expires"]) > 1_790_000_000
    assert known["secret"] == SECRET
    store.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"hub.topic": "https://other.example/feed"},
        {"hub.topic": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
    ],
)
def test_verification_of_what_we_did_not_ask_is_refused(
    subscribed: Any, changes: dict[str, str]
) -> None:
    store, client = subscribed
    assert client.get(f"/websub/{TOKEN}", query=verification(**changes)).status == 404
    assert store.websub(TOKEN)["state"] == "asked"
    store.close()


def test_unknown_token(subscribed: Any) -> None:
    store, client = subscribed
    for token in ("u" * 32, "short", "u" * 500):
        assert client.get(f"/websub/{token}", query=verification()).status == 404
        assert client.post(f"/websub/{token}", body=BODY).status == 410
    store.close()


def test_signed_push_makes_the_source_due(subscribed: Any) -> None:
    import datetime as dt

    store, client = subscribed
    now = dt.datetime(2026, 11, 22, 20, 40, tzinfo=dt.UTC)
    later = now + dt.timedelta(hours=1)
    store.wake("blog", later)
    assert "blog" not in store.due(now)
    reply = client.post(
        f"/websub/{TOKEN}",
        body=BODY,
        headers={"X-Hub-Signature": sign(), "Content-Type": "application/atom+xml"},
    )
    assert reply.status == 202
    assert "blog" in store.due(now)
    store.close()


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign(secret="other"),
        sign(body=b"other"),
        sign().replace("sha256", "md5"),
        sign().replace("sha256", "sha512"),
        "none=x",
        "sha256=\xe4",
    ],
)
def test_forged_push_changes_nothing(subscribed: Any, signature: str) -> None:
    import datetime as dt

    store, client = subscribed
    now = dt.datetime(2026, 11, 22, 20, 40, tzinfo=dt.UTC)
    store.wake("blog", now + dt.timedelta(hours=1))
    headers = {"X-Hub-Signature": signature, "Content-Type": "application/atom+xml"}
    assert client.post(f"/websub/{TOKEN}", body=BODY, headers=headers).status == 403
    assert "blog" not in store.due(now)
    store.close()


def test_huge_push_is_refused(subscribed: Any) -> None:
    store, client = subscribed
    body = b"x" * (1024 * 1024 + 1)
    headers = {"X-Hub-Signature": sign(body), "Content-Type": "application/atom+xml"}
    assert client.post(f"/websub/{TOKEN}", body=body, headers=headers).status == 413
    store.close()


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_signatures_by_every_method_of_the_standard(method: str) -> None:
    assert is_signed(BODY, sign(method=method), SECRET)
    assert is_signed(BODY, sign(method=method).upper().replace("SHA", "sha"), SECRET)
    assert not is_signed(BODY, sign(method=method, secret=""), "")
    assert (
        len(sign(method=method))
        == len(method) + 1 + 2 * hashlib.new(method).digest_size
    )

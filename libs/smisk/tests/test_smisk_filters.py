"""Filters: confirm, login, digest, CSRF, and filters of one's own."""

import hashlib
import json
import re

import pytest

from smisk.error import ConfigurationError
from smisk.filters import DigestAuth, SessionAuth, confirm, csrf, csrf_token
from smisk.filters.digest import digest_ha1
from smisk.mvc import Application, Controller, expose, leaf_filter
from smisk.session import FileStore, MemoryStore, Sessions
from smisk.test import Client

auth = SessionAuth("/login")
HA1 = digest_ha1("Mufasa", "Test", "Circle of Life")
digest = DigestAuth("Test", {"Mufasa": HA1}.get)


@leaf_filter
def shout(leaf, *args, **parameters):
    return {k: v.upper() for k, v in leaf(*args, **parameters).items()}


def wrap(name):
    def filtered(leaf, *args, **parameters):
        return {**leaf(*args, **parameters), name: "1"}

    return filtered


class Root(Controller):
    @confirm
    def delete(self, id: str, confirmed: bool = False):
        return {"id": id, "deleted": confirmed}

    @confirm
    @expose(filters=[csrf])
    def anything(self, **rest):
        return rest

    @confirm
    def count(self, confirmed: bool = False):
        self.request.session = {**(self.request.session or {}), "seen": True}
        return {}

    @shout
    @expose("hello")
    def hi(self, name: str):
        return {"hello": name}

    @expose(filters=(wrap("inner"), wrap("innermost")))
    def wrapped(self):
        return {}

    @auth.require
    def diary(self, page: int = 1):
        return {"user": auth.user, "page": page}

    def login(self, name: str = ""):
        if name:
            auth.create({"name": name})
            auth.go_back("/diary")
        return {"login": True}

    def logout(self):
        auth.destroy()
        return {}

    @digest
    def secret(self):
        return {"user": self.request.notes["user"]}

    @expose(filters=[csrf])
    def form(self, value: str = ""):
        return {"token": csrf_token(), "value": value}


class Site(Application):
    root = Root
    default_format = "json"

    def __init__(self):
        super().__init__()
        self.sessions = Sessions(MemoryStore())


@pytest.fixture
def client():
    return Client(Site())


def test_what_calls_take_by_place_no_client_gives_by_name(client):
    reply = client.get("/anything?self=1&leaf=2&args=3&a=b&confirm_token=x")
    assert reply.status == 200
    assert reply.json()["a"] == "b"
    assert not {"self", "leaf"} & set(reply.json())


def test_confirm_keeps_what_its_leaf_puts_into_the_session():
    site = Site()
    site.sessions = Sessions(MemoryStore())
    client = Client(site)
    client.get("/count")
    (entry,) = site.sessions.store._sessions.values()
    assert json.loads(entry[1])["seen"] is True


def test_confirm_is_good_once_and_for_one_path(client):
    first = client.get("/delete?id=1").json()
    assert first["deleted"] is False
    token = first["confirm_token"]
    assert client.get("/delete?id=1&confirmed=1").json()["deleted"] is False
    token = client.get("/delete?id=1").json()["confirm_token"]
    stranger = Client(client.application)
    query = {"id": 1, "confirm_token": token}
    assert stranger.get("/delete", query=query).json()["deleted"] is False
    answer = client.get("/delete", query=query).json()
    assert answer == {"id": "1", "deleted": True}
    assert client.get("/delete", query=query).json()["deleted"] is False


def test_own_filters(client):
    assert client.get("/hello?name=you").json() == {"hello": "YOU"}
    assert client.get("/hello").status == 400

    class Filtered(Site):
        leaf_filters = (wrap("first"), wrap("second"))

    answer = Client(Filtered()).get("/wrapped").json()
    assert list(answer) == ["innermost", "inner", "second", "first"]


def test_login(client):
    reply = client.get("/diary?page=2")
    assert (reply.status, reply.headers["Location"]) == (303, "http://localhost/login")
    before = client.cookies["SID"]
    reply = client.post("/login", form={"name": "me"})
    assert reply.headers["Location"] == "http://localhost/diary?page=2"
    assert client.cookies["SID"] != before
    reply = client.get("/diary?page=2")
    assert reply.json() == {"user": {"name": "me"}, "page": 2}
    assert reply.headers["Cache-Control"] == "private"
    client.cookies["SID"], new = before, client.cookies["SID"]
    assert client.get("/diary").status == 303
    client.cookies["SID"] = new
    client.get("/logout")
    assert client.post("/diary").status == 401


def response_to(
    challenge, method="GET", uri="/secret", password="Circle of Life", **own
):
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    fields |= {"username": "Mufasa", "uri": uri, "nc": "00000001", "cnonce": "f2/w"}
    fields |= own

    def h(text):
        return hashlib.sha256(text.encode()).hexdigest()

    ha1 = h(f"{fields['username']}:Test:{password}")
    ha2 = h(f"{method}:{uri}")
    middle = ":".join([fields["nonce"], fields["nc"], fields["cnonce"], "auth"])
    fields["response"] = own.get("response") or h(f"{ha1}:{middle}:{ha2}")
    return {
        "Authorization": "Digest " + ", ".join(f'{k}="{v}"' for k, v in fields.items())
    }


def test_digest(client):
    reply = client.get("/secret")
    assert reply.status == 401
    challenge = reply.headers["WWW-Authenticate"]
    assert "algorithm=SHA-256" in challenge
    headers = response_to(challenge)
    assert client.get("/secret", headers=headers).json() == {"user": "Mufasa"}
    replay = client.get("/secret", headers=headers)
    assert replay.status == 401
    assert "stale=true" in replay.headers["WWW-Authenticate"]
    again = response_to(challenge, nc="00000002")
    assert client.get("/secret", headers=again).status == 200


@pytest.mark.parametrize(
    "own",
    [
        {"password": "guess"},
        {"username": "Nobody"},
        {"uri": "/other"},
        {"nonce": "1.a.b"},
        {"nonce": ""},
        {"realm": "Other"},
        {"qop": "auth-int"},
        {"nc": "x"},
        {"nc": "00000000"},
        {"algorithm": "MD5"},
        {"response": "é"},
        {"method": "POST"},
    ],
)
def test_digest_refuses(client, own):
    challenge = client.get("/secret").headers["WWW-Authenticate"]
    headers = response_to(challenge, **own)
    assert client.get("/secret", headers=headers).status == 401


def test_digest_replay_is_seen_by_every_worker(tmp_path):
    def worker():
        store = FileStore(tmp_path / "claims")
        shared = DigestAuth("Test", {"Mufasa": HA1}.get, secret=b"s" * 32, store=store)

        class root(Controller):  # noqa: N801
            @shared
            def secret(self):
                return {"user": self.request.notes["user"]}

        class Worker(Application):
            default_format = "json"

        Worker.root = root
        return Client(Worker())

    one, other = worker(), worker()
    challenge = one.get("/secret").headers["WWW-Authenticate"]
    headers = response_to(challenge)
    assert other.get("/secret", headers=headers).status == 200
    assert one.get("/secret", headers=headers).status == 401
    assert other.get("/secret", headers=headers).status == 401
    again = response_to(challenge, nc="00000002")
    assert one.get("/secret", headers=again).status == 200
    zero = response_to(challenge, nc="00000000")
    assert one.get("/secret", headers=zero).status == 401
    with pytest.raises(ConfigurationError, match="same secret"):
        DigestAuth("Test", {}.get, store=FileStore(tmp_path))


def test_digest_nonces_age_and_are_bounded():
    short = DigestAuth("Test", {}.get, max_age_s=-1)
    assert short._age(short._nonce()) > short._max_age_s
    short.max_nonces = 10
    for _ in range(50):
        assert short._count(short._nonce(), "1")
    assert len(short._counts) <= 10


def test_csrf(client):
    token = client.get("/form").json()["token"]
    assert client.get("/form").json()["token"] == token

    def post(form=None, **headers):
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        return client.post("/form", form=form or {"value": "x"}, headers=names).status

    good = {"value": "x", "csrf_token": token}
    assert post() == 403
    assert post({"csrf_token": "guess"}) == 403
    assert post({"csrf_token": "é"}) == 403
    assert post(good) == 200
    assert post(X_CSRF_Token=token) == 200
    assert post(good, Origin="http://localhost", Sec_Fetch_Site="same-origin") == 200
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        assert post(good, **headers) == 403, headers
    stranger = Client(Site())
    assert stranger.post("/form", form=good).status == 403

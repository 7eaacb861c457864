"""Sessions in every store, the RESP client, and the dict between processes."""

import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from smisk import Application
from smisk.ipc import SharedDict
from smisk.resp import Connection, ReplyError, StoreError
from smisk.session import FileStore, MemoryStore, RESPStore, Sessions
from smisk.test import Client


@pytest.fixture(scope="module")
def store_url(tmp_path_factory):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    folder = tmp_path_factory.mktemp("redis")
    path = folder / "s"
    process = subprocess.Popen(
        [
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            path,
            "--save",
            "",
            "--dir",
            folder,
        ],
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    yield f"unix://{path}"
    process.terminate()
    process.wait()


@pytest.fixture(params=["file", "memory", "resp"])
def store(request, tmp_path):
    if request.param == "file":
        yield FileStore(tmp_path / "sessions", gc_probability=0)
    elif request.param == "memory":
        yield MemoryStore()
    else:
        connection = Connection(request.getfixturevalue("store_url"))
        yield RESPStore(connection)
        connection.close()


class Counter(Application):
    def service(self):
        request = self.request
        path = request.path
        if path == "/end":
            request.session = None
        elif path == "/look":
            pass
        elif path == "/renew":
            request.session_slot.renew_id()
            _ = request.session
        elif path == "/read":
            _ = request.session
        else:
            request.session = {"n": (request.session or {"n": 0})["n"] + 1}
        self.response.write(
            repr(
                (
                    request.session if path != "/look" else None,
                    request.session_id is None,
                )
            )
        )


def test_store_keeps_refreshes_ends(store):
    store.write("a" * 27, b"1", 100)
    store.write("b" * 27, b"2", 1)
    assert store.read("a" * 27) == b"1"
    store.write("a" * 27, b"3", 100)
    assert store.read("a" * 27) == b"3"
    store.refresh("c" * 27, 100)
    assert store.read("c" * 27) is None
    store.destroy("a" * 27)
    store.destroy("a" * 27)
    assert store.read("a" * 27) is None
    assert store.read("b" * 27) == b"2"
    until = time.monotonic() + 5
    while store.read("b" * 27) is not None:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_session_of_a_client(store):
    app = Counter()
    app.sessions = Sessions(store)
    client = Client(app)
    assert client.get("/look").headers.get("Set-Cookie") is None
    assert client.get("/read").headers.get("Set-Cookie") is None
    reply = client.get("/")
    assert reply.text == "({'n': 1}, True)"
    cookie = reply.headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
    first = client.cookies["SID"]
    assert len(first) == 27
    reply = client.get("/")
    assert reply.text == "({'n': 2}, False)"
    assert "Set-Cookie" not in reply.headers
    other = Client(app)
    assert other.get("/").text == "({'n': 1}, True)"
    client.get("/renew")
    assert client.cookies["SID"] != first
    assert store.read(first) is None
    assert client.get("/").text == "({'n': 3}, False)"
    ended = client.cookies["SID"]
    assert "Max-Age=0" in client.get("/end").headers["Set-Cookie"]
    assert client.cookies == {}
    client.cookies["SID"] = ended
    assert client.get("/").text == "({'n': 1}, True)"
    assert client.cookies["SID"] != ended


@pytest.mark.parametrize(
    "planted", ["x" * 27, "../../../etc/passwd", "", "a" * 300, "ö"]
)
def test_a_planted_id_is_never_taken(store, planted):
    app = Counter()
    app.sessions = Sessions(store)
    client = Client(app, {"HTTP_COOKIE": f"SID={planted}"}, validate=False)
    client.get("/")
    assert client.cookies["SID"] != planted


def test_cookie_is_secure_over_tls():
    app = Counter()
    app.sessions = Sessions(MemoryStore())
    client = Client(app, {"wsgi.url_scheme": "https"})
    assert "; Secure" in client.get("/").headers["Set-Cookie"]


def test_file_store_collects_what_ended(tmp_path):
    store = FileStore(tmp_path, gc_probability=1)
    store.write("a" * 27, b"1", -1)
    store.write("b" * 27, b"1", 100)
    assert store.read("b" * 27) == b"1"
    assert [p.name for p in tmp_path.iterdir()] == ["b" * 27]
    with pytest.raises(ValueError, match="session id"):
        store.read("../x")
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError):
        FileStore(tmp_path).read("b" * 27)


def test_file_store_never_shows_half_a_session(tmp_path):
    store = FileStore(tmp_path, gc_probability=0)
    raws = [bytes([c]) * 50_000 for c in b"abcd"]
    store.write("s" * 27, raws[0], 100)
    done = threading.Event()

    def write():
        for turn in range(200):
            store.write("s" * 27, raws[turn % 4], 100)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        assert store.read("s" * 27) in raws
    thread.join()


def test_memory_store_is_bounded():
    store = MemoryStore(max_sessions=10)
    for n in range(100):
        store.write(str(n), b"", 100)
    assert len(store._sessions) <= 10
    assert store.read("99") == b""


def test_resp_client(store_url):
    store = Connection(store_url)
    assert store("SET", "k", "å\r\n") == b"OK"
    assert store("GET", "k") == "å\r\n".encode()
    assert store("GET", "nope") is None
    assert store("RPUSH", "l", 1, 2.5, b"\x00") == 3
    assert store("LRANGE", "l", 0, -1) == [b"1", b"2.5", b"\x00"]
    with pytest.raises(ReplyError, match="WRONGTYPE"):
        store("GET", "l")
    replies = store.pipeline([("INCR", "n"), ("NOPE",), ("INCR", "n")])
    assert replies[0] == 1
    assert isinstance(replies[1], ReplyError)
    assert replies[2] == 2
    big = b"x" * 1_000_000
    store("SET", "big", big)
    assert store("GET", "big") == big
    store.close()
    assert store("GET", "n") == b"2"
    store.close()


def test_resp_client_and_a_store_that_misbehaves():
    with pytest.raises(StoreError):
        Connection("unix:///nonexistent/s")("PING")
    for answer in (b"", b"?\r\n", b"$abc\r\n", b"$999999999999\r\n", b"x" * 70_000):
        listener = socket.create_server(("127.0.0.1", 0))

        def serve(listener=listener, answer=answer):
            peer, _ = listener.accept()
            with peer:
                peer.recv(100)
                peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"redis://:secret@127.0.0.1:{listener.getsockname()[1]}/0"
        connection = Connection(url, timeout_s=2)
        with pytest.raises(StoreError) as caught:
            connection("PING")
        assert "secret" not in str(caught.value)
        thread.join()
        listener.close()


def test_a_store_that_hung_up_costs_no_command():
    listener = socket.create_server(("127.0.0.1", 0))
    connection = Connection(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")

    def serve():
        for _ in range(2):
            peer, _ = listener.accept()
            with peer:
                peer.recv(100)
                peer.sendall(b"+PONG\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    assert connection("PING") == b"PONG"
    while connection._is_alive():
        time.sleep(0.01)
    assert connection("PING") == b"PONG"
    thread.join()
    connection.close()
    listener.close()


def test_each_process_has_a_connection_of_its_own(store_url):
    code = (
        "import os, sys\n"
        "from smisk.resp import Connection\n"
        "store = Connection(sys.argv[1])\n"
        "store('SET', 'mine', 0)\n"
        "me = os.fork()\n"
        "seen = {store('ECHO', str(me)) for _ in range(300)}\n"
        "assert seen == {str(me).encode()}, seen\n"
        "assert not me or os.wait()[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code, store_url], check=True, timeout=30)


def test_shared_dict(store_url):
    connections = Connection(store_url), Connection(store_url)
    mine, theirs = (SharedDict(one, "d") for one in connections)
    mine.clear()
    mine["a"] = {"x": [1, None, "å"]}
    assert theirs["a"] == {"x": [1, None, "å"]}
    assert theirs.setdefault("a", 2) == {"x": [1, None, "å"]}
    assert theirs.setdefault("b", 2) == 2
    assert mine.increment("n") == 1
    assert theirs.increment("n", 5) == 6
    assert sorted(mine) == ["a", "b", "n"]
    assert len(mine) == 3
    assert "a" in mine
    assert 7 not in mine
    del theirs["a"]
    with pytest.raises(KeyError):
        mine["a"]
    with pytest.raises(KeyError):
        del mine["a"]
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("kind", ["file", "resp"])
def test_only_one_of_many_claims(kind, tmp_path, request):
    def store():
        if kind == "file":
            return FileStore(tmp_path / "s", gc_probability=0)
        connection = Connection(request.getfixturevalue("store_url"))
        request.addfinalizer(connection.close)
        return RESPStore(connection, prefix=f"{tmp_path}:")

    one, other, *_ = stores = [store() for _ in range(8)]
    assert one.claim("a/b.c", 60)
    assert not other.claim("a/b.c", 60)
    assert not one.claim("a/b.c", 60)
    assert other.claim("d", 60)
    won = []
    threads = [
        threading.Thread(target=lambda s=s: won.append(s.claim("race", 60)))
        for s in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
    if kind == "file":
        assert not [p for p in (tmp_path / "s").iterdir() if p.name.startswith(".")]
        assert one.collect() == 0


def test_files_that_were_claimed_end(tmp_path):
    store = FileStore(tmp_path / "s", gc_probability=0)
    assert store.claim("a", -1)
    assert store.collect() == 1
    assert store.claim("a", 60)

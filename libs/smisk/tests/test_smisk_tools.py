"""Config, inflection, autoreload, reflection, gateway, command line, model."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smisk import Application as Core
from smisk import bind, inflection, listening, unbind
from smisk.autoreload import Watcher
from smisk.benchmark import Benchmark
from smisk.cli import load
from smisk.config import Configuration, merge, parse
from smisk.error import ConfigurationError
from smisk.mvc import Application, Controller, app, expose, http, request, response
from smisk.test import Client
from smisk.wsgi import Gateway

# -- config -----------------------------------------------------------------------------


def test_config_language():
    settings = parse(
        """
        # one
        "a": 1, b: 'it''s' // two
        c = "x\\u00e5\\n" /* three
        lines */ d: [1, -2.5, 1e3, 0x10, yes, NULL, "e",],
        e: {f: INFO, g.h: some-word}
        """.replace("'it''s'", "'it\\'s \"x\"'"),
        INFO=20,
    )
    assert settings == {
        "a": 1,
        "b": 'it\'s "x"',
        "c": "xå\n",
        "d": [1, -2.5, 1000.0, 16, True, None, "e"],
        "e": {"f": 20, "g.h": "some-word"},
    }
    assert parse("{a: 1}") == {"a": 1}
    assert parse("") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb", "x.conf:2: it ends too soon"),
        ("a: 1\nb\nc: 3", "x.conf:3: Expecting ':' delimiter"),
        ("a:", "x.conf:1: it ends too soon"),
        ("\n\na: ;", "x.conf:3: cannot read ';'"),
        ("{a: 1", "x.conf:1: it ends too soon"),
        ("/*\n*/ {a: 1}\nb: 2", "x.conf:3: Extra data"),
        ("@exec 'x'", "cannot read \"@exec 'x'\""),
        ("@include nope", "cannot read '@include nope'"),
        ("\n@include 'nope.conf'", "x.conf:2: there is no file nope.conf"),
        ("a: 12abc", "cannot read"),
        ("a: " + "[" * 100_000, "maximum recursion"),
        ("a: " + "9" * 5000, "x.conf: Exceeds the limit"),
        ("a: 0x" + "f" * 5000, "x.conf: Exceeds the limit"),
        ("a: __import__('os')", "cannot read"),
    ],
)
def test_config_errors_tell_file_and_line(text, message):
    with pytest.raises(ConfigurationError, match=message):
        parse(text, Path("x.conf"))


@given(st.text(max_size=60))
def test_any_config_is_read_or_refused(text):
    with contextlib.suppress(ConfigurationError):
        assert isinstance(parse(text), dict)


def test_config_files(tmp_path, caplog):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/1.conf").write_text("order: 1, section: {x: 1}")
    (tmp_path / "d/2.conf").write_text("order: 2, section: {y: 2}")
    (tmp_path / "base.conf").write_text("order: 0, base: true, own: 0")
    main = tmp_path / "hunch-test.conf"
    main.write_text(
        'own: 5, section: {z: 3}\n@include "d/*.conf"\n@inherit "base.conf"'
    )
    (tmp_path / "hunch-test-user.conf").write_text("user: 1")
    (tmp_path / "hunch-test-dev.conf").write_text("env: dev")
    config = Configuration()
    config.defaults = {"default": 1, "own": 1}
    seen = []
    config.filters.append(lambda c: seen.append(c["own"]))
    config("hunch-test", "dev", folder=tmp_path)
    assert config == {
        "default": 1,
        "own": 5,
        "order": 2,
        "base": True,
        "user": 1,
        "env": "dev",
        "section": {"x": 1, "y": 2, "z": 3},
    }
    assert [p.name for p in config.paths] == [
        "hunch-test.conf",
        "hunch-test-dev.conf",
        "hunch-test-user.conf",
    ]
    before = signal.getsignal(signal.SIGHUP)
    try:
        config.reload_on_hangup()
        main.write_text("own: 6")
        os.kill(os.getpid(), signal.SIGHUP)
        assert config["own"] == 6
        main.write_text("own: ;")
        os.kill(os.getpid(), signal.SIGHUP)
        assert config["own"] == 6
        assert "cannot read" in caplog.text
    finally:
        signal.signal(signal.SIGHUP, before)
    assert seen == [5, 6]
    main.write_text("@include 'hunch-test.conf'")
    with pytest.raises(ConfigurationError, match="7 deep"):
        config.reload()


def test_config_sets_logging_and_applications():
    config = Configuration()
    config.update(logging={"levels": {"smisk.test.x": logging.DEBUG}})
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        config.configure_logging()
        assert logging.getLogger("smisk.test.x").level == logging.DEBUG
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    config.update({"smisk.charset": "iso-8859-1", "smisk.mvc.etag": False, "other": 1})
    site = Application()
    config.apply(site)
    assert (site.charset, site.etag) == ("iso-8859-1", False)
    for key, value in [("smisk.nope", 1), ("smisk.service", 1), ("smisk.etag", 1.5)]:
        config.clear()
        config[key] = value
        with pytest.raises(ConfigurationError, match=key):
            config.apply(site)
    assert merge({"a": {"b": 1}, "c": 1}, {"a": {"d": 2}, "c": {}}) == {
        "a": {"b": 1, "d": 2},
        "c": {},
    }


# -- inflection ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("mouse", "mice"),
        ("user_mouse", "user_mice"),
        ("Person", "People"),
        ("kitten", "kittens"),
        ("entry", "entries"),
        ("day", "days"),
        ("bus", "buses"),
        ("status", "statuses"),
        ("box", "boxes"),
        ("church", "churches"),
        ("matrix", "matrices"),
        ("index", "indices"),
        ("wife", "wives"),
        ("wolf", "wolves"),
        ("shelf", "shelves"),
        ("roof", "roofs"),
        ("analysis", "analyses"),
        ("datum", "data"),
        ("potato", "potatoes"),
        ("photo", "photos"),
        ("quiz", "quizzes"),
        ("child", "children"),
        ("sheep", "sheep"),
        ("money", "money"),
        ("octopus", "octopi"),
        ("movie", "movies"),
        ("address", "addresses"),
        ("criterion", "criteria"),
        ("house", "houses"),
        ("shoe", "shoes"),
        ("news", "news"),
        ("tag", "tags"),
    ],
)
def test_english(one, many):
    assert inflection.pluralize(one) == many
    assert inflection.singularize(many) == one
    assert inflection.pluralize(many) == many or many.endswith(
        ("s", "i", "a", "ice", "ices")
    )


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("mus", "möss"),
        ("flicka", "flickor"),
        ("pojke", "pojkar"),
        ("bil", "bilar"),
        ("katt", "katter"),
        ("nyckel", "nycklar"),
        ("bok", "böcker"),
        ("lärare", "lärare"),
        ("barn", "barn"),
        ("foto", "foton"),
        ("syster", "systrar"),
    ],
)
def test_swedish(one, many):
    assert inflection.sv.pluralize(one) == many
    if one not in ("katt", "bil", "pojke", "lärare", "syster"):
        assert inflection.sv.singularize(many) == one


def test_other_forms():
    assert [
        inflection.ordinalize(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112, 1002)
    ] == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "1002nd"]
    assert [inflection.sv.ordinalize(n) for n in (1, 2, 3, 11, 12, 21)] == [
        "1:a",
        "2:a",
        "3:e",
        "11:e",
        "12:e",
        "21:a",
    ]
    assert inflection.camelize("user_name/first") == "UserName.First"
    assert inflection.underscore("HTTPUserName-x") == "http_user_name_x"
    assert inflection.humanize("author_name_id") == "Author name"
    assert inflection.demodulize("a.b.Name") == "Name"
    assert inflection.foreign_key("a.UserName") == "user_name_id"
    assert inflection.tableize("FatMouse") == "fat_mice"
    assert inflection.classify("schema.fat_mice") == "FatMouse"


# -- the rest -----------------------------------------------------------------------------


def test_watcher_tells_what_changed(tmp_path):
    file = tmp_path / "f.conf"
    file.write_text("1")
    changed = []
    watcher = Watcher(changed.append, lambda: [file, tmp_path / "gone"], 0.01)
    os.utime(file, (1, 1))  # before it has started, even
    watcher.start()
    until = time.monotonic() + 10
    while not changed:
        assert time.monotonic() < until
        time.sleep(0.01)
    watcher.stop()
    watcher.join()
    assert changed == [file]


def test_benchmark():
    timing = Benchmark(5)
    assert str(timing) == "nothing was measured"
    assert list(timing) == [0, 1, 2, 3, 4]
    assert len(timing.times_s) == 5
    assert timing.rate > 0
    assert str(timing).startswith("5 turns")


def test_gateway_hosts_any_wsgi_application():
    def hello(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode()]

    assert Client(Gateway(hello)).get("/x").text == "/x"


def test_lifecycle():
    events = []

    class App(Core):
        def application_will_start(self):
            events.append("start")

        def application_did_stop(self):
            events.append("stop")

        def service(self):
            events.append("service")
            self.response("x")

    one = App()
    client = Client(one)
    client.get("/")
    client.get("/")
    one.stop()
    one.stop()
    assert events == ["start", "service", "service", "stop"]
    assert Client(Core()).get("/").status == 500
    bind(":5000")
    assert listening() == ":5000"
    unbind()
    assert listening() is None


def test_proxies_stand_for_the_exchange():
    class Root(Controller):
        def __call__(self):
            response.headers["X-Path"] = request.path
            response.status = 201
            return {"app": type(app).__name__, "name": app.default_format}

    class Site(Application):
        root = Root
        default_format = "json"

    reply = Client(Site()).get("/")
    assert (reply.status, reply.headers["X-Path"]) == (201, "/")
    with pytest.raises(RuntimeError, match="no request"):
        _ = request.path


def test_reflection():
    class Root(Controller):
        @expose(route="/a/<b>", methods=("GET", "DELETE"))
        def a(self, b: int, c: str = ""):
            """Do a."""
            return {}

    class Site(Application):
        root = Root
        default_format = "json"
        enable_reflection = True

    client = Client(Site())
    described = {
        "methods": ["GET", "DELETE", "HEAD"],
        "formats": None,
        "description": "Do a.",
        "routes": ["/a/<b>"],
        "parameters": {
            "b": {"required": True, "type": "a whole number"},
            "c": {"required": False, "type": "text"},
        },
    }
    assert client.options("/a").json() == {"/a": described}
    reply = client.options("/a/7")
    assert reply.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS"
    assert client.options("/*").json()["/a"] == described
    assert client.get("/smisk:methods").json()["/a"] == described
    assert "l1" in client.get("/smisk:charsets").json()["iso8859-1"]
    assert client.get("/smisk:serializers").json()["json"]["reads"] is True
    Site.enable_reflection = False
    client = Client(Site())
    assert client.get("/smisk:methods").status == 404
    assert client.options("/*").status == 204


def test_loading_by_name(tmp_path, monkeypatch):
    (tmp_path / "smisk_loaded.py").write_text(
        "from smisk import Application\n"
        "class One(Application):\n  pass\n"
        "def make():\n  return One()\n"
        "number = 7\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for target in ("smisk_loaded", "smisk_loaded:One", "smisk_loaded:make()"):
        assert type(load(target)).__name__ == "One"
    for target in ("smisk_loaded:number", "smisk_loaded:nope", "logging"):
        with pytest.raises(ConfigurationError):
            load(target)


def test_console(tmp_path):
    (tmp_path / "hello.py").write_text(
        "from smisk import Application\n"
        "class MyApp(Application):\n"
        "  def service(self): self.response.write('Hello World!')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "smisk", "hello:MyApp", "--console"],
        input="print(client.get('/').text, type(app).__name__)\n",
        capture_output=True, text=True, cwd=tmp_path, timeout=20, check=True,
    )  # fmt: skip
    assert "Hello World! MyApp" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--http", "127.0.0.1:{port}"], "Address already in use"),
        (["--http", "127.0.0.1:99999"], "99999"),
        (["--bind", "127.0.0.1:{port}"], "Address already in use"),
        (["--bind", "nowhere"], "nowhere"),
        (["--chdir", "/nonexistent"], "/nonexistent"),
        (["--umask", "9"], "octal value: '9'"),
        (["--spawn", "2"], "--spawn needs"),
    ],
)
def test_command_line_says_what_is_wrong(tmp_path, options, message):
    (tmp_path / "hello.py").write_text(
        "from smisk import Application\nclass MyApp(Application): pass\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = [option.format(port=port) for option in options]
        done = subprocess.run(
            [sys.executable, "-m", "smisk", "hello", *words],
            capture_output=True, text=True, cwd=tmp_path, timeout=20, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_development_server(tmp_path):
    (tmp_path / "hello.py").write_text(
        "from smisk import Application\n"
        "class MyApp(Application):\n"
        "  def service(self):\n"
        "    if self.request.path == '/boom': raise KeyError('<x>')\n"
        "    self.response.write('Hello World!')\n"
    )
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "smisk",
            "hello:MyApp",
            "--http",
            "127.0.0.1:0",
            "--debug",
            "--reload",
            "--pidfile",
            "p",
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = process.stderr.readline().strip()
        with urllib.request.urlopen(address) as reply:
            assert reply.read() == b"Hello World!"
        assert (tmp_path / "p").read_text() == f"{process.pid}\n"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(address + "boom")
        assert b"KeyError: &#x27;&lt;x&gt;" in caught.value.read()
        caught.value.close()
        source = (tmp_path / "hello.py").read_text().replace("Hello", "Changed")
        for broken in ("def f(:\n", "1 / 0\n"):
            (tmp_path / "hello.py").write_text(source + broken)
            while "Error" not in process.stderr.readline():
                assert process.poll() is None
        (tmp_path / "hello.py").write_text(source)
        while not (address := process.stderr.readline()).startswith("http://"):
            assert process.poll() is None
        with urllib.request.urlopen(address.strip()) as reply:
            assert reply.read() == b"Changed World!"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        process.stderr.close()
    failed = subprocess.run(
        [sys.executable, "-m", "smisk", "hello:Nope"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 2
    assert "'hello' (" in failed.stderr  # and which file that is
    assert "has no 'Nope'" in failed.stderr


def test_development_server_is_heard_by_who_sends_too_much(tmp_path):
    (tmp_path / "small.py").write_text(
        "from smisk.mvc import Application, Controller, http\n"
        "class Root(Controller):\n"
        "  def __call__(self, **rest): return rest\n"
        "class Small(Application):\n  root = Root\n"
        "  limits = Application.limits.__class__(max_body_time_s=0.2)\n"
    )
    line = [sys.executable, "-m", "smisk", "small:Small", "--http", "127.0.0.1:0"]
    process = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stderr.readline().strip()
        json = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, b" " * 8_000_000, json)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.status == 413
        caught.value.close()
        port = int(address[:-1].split(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b'POST /.json HTTP/1.1\r\nContent-Length: 7\r\n\r\n{"a":1}')
            assert s.makefile("rb").read().endswith(b'\r\n\r\n{"a":1}')
        with socket.create_connection(("127.0.0.1", port)) as s:
            head = b"Content-Type: application/json\r\nContent-Length: 70\r\n\r\n"
            s.sendall(b"POST / HTTP/1.1\r\n" + head)
            with contextlib.suppress(OSError):
                for _ in range(40):
                    s.sendall(b"{")
                    time.sleep(0.02)
            assert s.makefile("rb").read().startswith(b"HTTP/1.0 408 ")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        process.stderr.close()


def test_model(tmp_path):
    pytest.importorskip("sqlalchemy", reason="the extra model is not installed")
    from sqlalchemy.orm import Mapped, mapped_column

    from smisk.mvc.model import Entity, Model

    class Kitten(Entity):
        __tablename__ = "kittens"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class Root(Controller):
        def __call__(self):
            kittens = self.application.model.session.query(Kitten)
            return [kitten.name for kitten in kittens]

        def add(self, name: str, how: str = ""):
            self.application.model.session.add(Kitten(name=name))
            if how == "redirect":
                raise http.SeeOther("/")
            if how == "refuse":
                raise http.Conflict
            if how == "fail":
                raise RuntimeError
            return {}

    class Site(Application):
        root = Root
        default_format = "json"

    site = Site()
    site.model = Model(f"sqlite:///{tmp_path}/db")
    site.model.create_all()
    client = Client(site)
    statuses = [
        client.post("/add", form={"name": name, "how": name}).status
        for name in ("plain", "redirect", "refuse", "fail")
    ]
    assert statuses == [200, 303, 409, 500]
    assert client.get("/").json() == ["plain", "redirect"]
    site.model.engine.dispose()

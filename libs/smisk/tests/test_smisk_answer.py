"""Validators, headers, errors, templates: what goes back."""

import logging
from datetime import UTC, datetime

import pytest
from jinja2 import UndefinedError

from smisk.mvc import Application, Controller, Serializer, expose, http
from smisk.mvc.template import Templates
from smisk.test import Client

WHEN = datetime(2026, 11, 22, 10, 0, 0, 5000, tzinfo=UTC)


class Root(Controller):
    def __call__(self, q: str = ""):
        return {"q": q}

    def versioned(self):
        self.response.cache_control = "public, max-age=60"
        self.response.headers["X-Secret"] = "1"
        self.response.validate(etag=81, last_modified=WHEN)
        self.request.notes["reached"] = True
        return {"expensive": True}

    @expose(methods=("PUT",))
    def change(self):
        self.response.validate(etag=81)
        return {"changed": True}

    def boom(self):
        self.response.set_cookie("a", "b")
        self.response.headers["X-Secret"] = "1"
        raise RuntimeError("<script>")

    def broken(self):
        return {"x": object()}

    def gone(self):
        self.response.headers["Vary"] = "Cookie"
        self.response.headers["X-Secret"] = "1"
        raise http.Gone("It <b>was</b> here", headers={"X-Why": "age"})

    def login(self):
        self.response.set_cookie("who", "me", http_only=True, same_site="Lax")
        raise http.SeeOther("/")

    @expose("page", template="special/page")
    def page(self, x: str = ""):
        return {"x": x}

    def picture(self, kind: str = ""):
        if kind:
            self.response.content_type = kind
        self.response.send_file("/srv/a picture.png")

    def shell(self):
        return None

    def bad_header(self, value: str):
        self.response.headers["X"] = value
        return {}

    def fails(self, how: str):
        if how == "header":
            raise http.NotFound(headers={"X": "a\r\nevil: 1"})
        if how == "port":
            raise http.Found("http://h:99999/")
        raise http.SeeOther("a\r\nevil: 1")

    @expose(raw=True, methods=("POST",))
    def hook(self):
        return {"size": len(self.request.input.read())}


class Site(Application):
    root = Root

    def response_will_begin(self, response):
        response.headers["X-Content-Type-Options"] = "nosniff"

    def request_did_end(self, request, response):
        self.last = (request, response)


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def client(site):
    return Client(site)


def test_every_answer_gets_a_tag_and_304(client):
    reply = client.get("/.json?q=1")
    again = client.get("/.json?q=1", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status == 304
    assert again.body == b""
    assert again.headers["ETag"] == reply.headers["ETag"]
    assert again.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/.json?q=2", headers={"If-None-Match": "*"}).status == 304
    other = client.get("/.json?q=2", headers={"If-None-Match": reply.headers["ETag"]})
    assert other.status == 200


def test_validate_ends_the_leaf_early(site, client):
    reply = client.get("/versioned.json")
    assert reply.headers["ETag"] == '"81.json"'
    assert reply.headers["Last-Modified"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert site.last[0].notes == {"reached": True}
    for headers in (
        {"If-None-Match": '"81.json"'},
        {"If-None-Match": 'W/"81.json", "x"'},
        {"If-None-Match": '"x", "81.json-gzip"'},
        {"If-Modified-Since": "Sun, 22 Nov 2026 10:00:00 GMT"},
        {"If-Modified-Since": "Mon, 23 Nov 2026 10:00:00 GMT"},
    ):
        reply = client.get("/versioned.json", headers=headers)
        assert reply.status == 304, headers
        assert site.last[0].notes == {}
        assert reply.headers["Cache-Control"] == "public, max-age=60"
        assert "Content-Type" not in reply.headers
        assert "X-Secret" not in reply.headers
    for headers in (
        {"If-None-Match": '"81.html"'},
        {"If-None-Match": '"x"', "If-Modified-Since": "Mon, 23 Nov 2026 10:00:00 GMT"},
        {"If-Modified-Since": "Sat, 21 Nov 2026 10:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-None-Match": "81.json"},
    ):
        assert client.get("/versioned.json", headers=headers).status == 200, headers


def test_compressed_tag_is_repeated_as_the_client_knows_it(client):
    headers = {"If-None-Match": '"81.json-gzip"'}
    assert client.get("/versioned.json", headers=headers).headers["ETag"] == (
        '"81.json-gzip"'
    )


def test_changing_another_version_is_412(client):
    assert client.put("/change.json", headers={"If-Match": '"81.json"'}).status == 200
    for headers in (
        {"If-Match": '"80.json"'},
        {"If-Match": 'W/"81.json"'},
        {"If-None-Match": "*"},
    ):
        assert client.put("/change.json", headers=headers).status == 412


def test_unexpected_error_is_500_without_details(client, caplog):
    with caplog.at_level(logging.CRITICAL, "smisk.application"):
        reply = client.get("/boom", accept="text/html")
    assert reply.status == 500
    assert "script" not in reply.text
    assert "X-Secret" not in reply.headers
    assert "Set-Cookie" not in reply.headers
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "RuntimeError" in caplog.text


def test_traceback_is_shown_escaped_on_demand(site, client):
    site.show_traceback = True
    assert "RuntimeError: &lt;script&gt;" in client.get("/boom").text
    assert "RuntimeError" in client.get("/boom.json").json()["error"]["traceback"]
    assert "object is not data" in client.get("/broken.json").text


def test_error_is_a_response_in_the_format_asked_for(client):
    reply = client.get("/gone.json")
    assert reply.status == 410
    assert reply.json() == {
        "error": {"status": 410, "title": "Gone", "description": "It <b>was</b> here"}
    }
    assert reply.headers["X-Why"] == "age"
    assert reply.headers["Vary"] == "Cookie"
    assert "X-Secret" not in reply.headers
    assert "It &lt;b&gt;was&lt;/b&gt; here" in client.get("/gone").text
    assert client.get("/nowhere", accept="application/json").json()["error"]
    assert client.get("/nowhere.json").json()["error"]["status"] == 404
    assert client.get("/nowhere", accept="image/png").status == 404
    assert client.get("/nowhere.atom").headers["Content-Type"].startswith("text/html")


def test_cookies_survive_a_redirect_and_come_back(client):
    reply = client.get("/login")
    assert reply.headers["Set-Cookie"] == "who=me; Path=/; HttpOnly; SameSite=Lax"
    assert client.cookies == {"who": "me"}


def test_header_injection_is_refused(client):
    reply = client.get("/bad_header", query={"value": "a\r\nSet-Cookie: x=y"})
    assert reply.status == 500
    assert "Set-Cookie" not in reply.headers
    assert client.get("/bad_header", query={"value": "plain"}).headers["X"] == "plain"


def test_an_answer_that_fails_is_still_an_answer(site):
    base = {"HTTP_HOST": "no/host"}
    reply = Client(site, base).get("/login")
    assert (reply.status, reply.headers["Location"]) == (303, "/")
    client = Client(site)
    for how, status in [("header", 404), ("port", 302), ("location", 303)]:
        reply = client.get("/fails", query={"how": how})
        assert reply.status == status
        assert "evil" not in reply.headers


def test_raw_leaf_reads_the_body_itself(client):
    headers = {"Content-Type": "application/atom+xml"}
    assert client.post("/hook.json", body=b"x" * 70_000, headers=headers).json() == {
        "size": 70_000
    }


def test_no_body_needs_no_reader(client):
    for kind in ("text/plain;charset=UTF-8", "application/json", "image/png"):
        headers = {"Content-Type": kind}
        assert client.post("/.json", body=b"", headers=headers).status == 200


def test_unreadable_body_is_415_and_malformed_is_400(client):
    body = {"body": b"<x/>", "headers": {"Content-Type": "application/x-nobody"}}
    reply = client.post("/page", **body)
    assert reply.status == 415
    assert "application/json" in reply.headers["Accept"]
    for raw in (b"{", b"\xff", b"NaN", b"[" * 100 + b"]" * 100, b"[" * 100_000):
        body = {"body": raw, "headers": {"Content-Type": "application/json"}}
        assert client.post("/page", **body).status == 400, raw[:10]


def test_templates(site, tmp_path):
    (tmp_path / "special").mkdir()
    (tmp_path / "errors").mkdir()
    (tmp_path / "index.html").write_text("<p>{{ q }} {{ uri_for('/page', x=1) }}</p>")
    (tmp_path / "special/page.html").write_text("<b>{{ x }}</b>")
    (tmp_path / "shell.html").write_text("shell of {{ request.path }}")
    (tmp_path / "errors/404.html").write_text("lost: {{ error.title }}")
    (tmp_path / "errors/any.html").write_text("{{ error.status }} {{ error.nope }}")
    site.template_folders = (tmp_path,)
    client = Client(site)
    assert client.get("/?q=<%26").text == "<p>&lt;&amp; /page?x=1</p>"
    assert client.get("/page?x=<script>").text == "<b>&lt;script&gt;</b>"
    assert client.get("/page.json?x=<").json() == {"x": "<"}
    assert client.get("/shell").text == "shell of /shell"
    assert client.get("/shell.json").status == 204
    assert client.get("/nowhere").text == "lost: Not Found"
    reply = client.get("/gone")  # its template fails: the plain page stands in
    assert reply.status == 410
    assert "<h1>Gone</h1>" in reply.text


def test_names_in_a_template(tmp_path):
    text = "{{ d.title }}{{ d.items is callable }}{{ d.nope is defined }}{{ o.real }}"
    (tmp_path / "names.html").write_text(text)
    (tmp_path / "strict.html").write_text("{{ d.nope }}")
    templates = Templates((tmp_path,), ("html",), reload=False)
    variables = {"d": {"title": "<", "items": 1}, "o": 7}
    names = templates.find("names.html")
    assert templates.render(names, variables) == "&lt;TrueFalse7"
    with pytest.raises(UndefinedError, match="nope"):
        templates.render(templates.find("strict.html"), variables)


def test_custom_serializer(site):
    class Shout(Serializer):
        name = "Shout"
        extensions = ("shout", "loud")
        media_types = ("text/x-shout",)

        def serialize(self, data, exchange):
            return repr(sorted(data)).upper() + exchange.leaf.name

        def serialize_error(self, error, exchange):
            return f"{error.status}!"

        can_deserialize = True

        def deserialize(self, raw, exchange):
            return {"q": raw.decode().lower()}

    shout = site.serializers.register(Shout)
    client = Client(site)
    assert client.get("/.shout").text == "['Q']__call__"
    assert client.get("/.loud").headers["Content-Type"] == "text/x-shout; charset=utf-8"
    assert client.get("/nope.shout").text == "404!"
    headers = {"Content-Type": "text/x-shout"}
    assert client.post("/.json", body=b"HI", headers=headers).json() == {"q": "hi"}
    site.serializers.unregister(shout)
    assert client.get("/.shout").status == 404
    site.serializers.unregister("html")
    assert client.get("/").status == 300
    assert client.get("/", accept="*/*").headers["Content-Type"] == "application/json"


def test_method_of_the_classic_core(client):
    from smisk import Application as Core

    class Hello(Core):
        def service(self):
            self.response.headers = ["Content-Type: text/plain"]
            self.response.write("Hello ")
            self.response("World", b"!")

    reply = Client(Hello()).get("/anything")
    assert (reply.status, reply.text) == (200, "Hello World!")
    assert reply.headers["Content-Length"] == "12"
    assert reply.headers["Content-Type"] == "text/plain"


def test_long_output_begins_before_it_ends():
    from smisk import Application as Core

    class Long(Core):
        def service(self):
            for _ in range(100):
                self.response.write(b"x" * 1000)
            self.begun = self.response.has_begun
            raise http.NotFound("too <late>")

    app = Long()
    reply = Client(app).get("/")
    assert app.begun
    assert reply.status == 200
    assert "Content-Length" not in reply.headers
    assert reply.body.startswith(b"x" * 100_000)
    assert b"too &lt;late&gt;" in reply.body


def test_a_leaf_lets_the_server_send_a_file(site):
    client = Client(site, {"SERVER_SOFTWARE": "lighttpd/1.4.69"})
    reply = client.get("/picture", accept="text/html")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/png")
    assert reply.headers["X-Sendfile"] == "/srv/a%20picture.png"
    assert "Content-Location" not in reply.headers
    kind = client.get("/picture?kind=image/x-own").headers["Content-Type"]
    assert kind == "image/x-own"

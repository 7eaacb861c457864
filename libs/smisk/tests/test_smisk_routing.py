"""The golden table of routing: what each path leads to."""

import pytest

from smisk.error import ConfigurationError
from smisk.mvc import (
    Application,
    Controller,
    expose,
    hide,
    http,
    method_origin,
    path_to,
    redirect_to,
    template_for,
)
from smisk.test import Client


class root(Controller):  # noqa: N801 - the name is the API
    def __call__(self):
        return {"leaf": "/"}

    def func_on_root(self):
        return {"leaf": "/func_on_root"}

    @expose("foo-bar")
    def foo_bar(self):
        return {"leaf": "/foo-bar"}

    @hide
    def hidden(self):
        return {"leaf": "hidden"}

    def _private(self):
        return {}

    not_a_function = 7

    @staticmethod
    def static():
        return {}

    @expose(delegates=True)
    def delegated(self):
        return {"leaf": "delegated", "class": type(self).__name__}

    def needs(self, name, other="o"):
        return {"name": name, "other": other}

    @expose(methods=("PUT", "DELETE"))
    def verbs(self):
        return {"verb": self.request.method}

    @expose(formats=("json",))
    def only_json(self):
        return {"leaf": "only_json"}

    def level2(self):  # shadowed by the class of that name
        return {"leaf": "method"}

    def convert(self, a: int = 0, b: float = 0.0, c: bool = False, d: list[int] = []):  # noqa: B006
        return {"a": a, "b": b, "c": c, "d": d}

    def anything(self, **parameters):
        return parameters


class Level2Controller(root):
    slug = "level2"

    def __call__(self):
        return {"leaf": "/level2"}

    def func_on_level2(self):
        return {"leaf": "/level2/func_on_level2"}


class Level3(Level2Controller):
    def __call__(self):
        return {"leaf": "/level2/level3"}

    def func_on_level3(self):
        return {"leaf": "/level2/level3/func_on_level3"}


class Silent(root):
    pass


@hide
class Concealed(root):
    def __call__(self):
        return {}

    def leaf(self):
        return {}


class CamelCaseController(root):
    def __call__(self):
        return {"leaf": "camel"}


class Routed(root):
    @expose(None, route="/user/<name>")
    def show_user(self, name: str, extra: str = ""):
        return {"show": name, "extra": extra}

    @expose(None, route="/user/<name>", methods=("PUT",))
    def save_user(self, name: str):
        return {"save": name}

    @expose(route=r"^/(?P<year>\d{4})(?:/(?P<month>\d\d))?/?$")
    def day(self, year: int, month: int | None = None):
        return {"year": year, "month": month}

    @expose(route=("/files/<path:path>", "/f/<number:int>"))
    def files(self, path: str = "", number: int = 0):
        return {"path": path, "number": number}


class Site(Application):
    root = root
    default_format = "json"


@pytest.fixture(scope="module")
def client():
    return Client(Site())


@pytest.mark.parametrize(
    ("path", "leaf"),
    [
        ("/", "/"),
        ("", "/"),
        ("/func_on_root", "/func_on_root"),
        ("/func_on_root/", "/func_on_root"),
        ("/FUNC_on_Root", "/func_on_root"),
        ("/foo-bar", "/foo-bar"),
        ("/level2", "/level2"),
        ("/level2/", "/level2"),
        ("/level2/LEVEL3", "/level2/level3"),
        ("/level2/func_on_level2", "/level2/func_on_level2"),
        ("/level2/level3/func_on_level3", "/level2/level3/func_on_level3"),
        ("/camel_case", "camel"),
        ("/delegated", "delegated"),
        ("/level2/level3/delegated", "delegated"),
        ("/silent/delegated", "delegated"),
    ],
)
def test_path_leads_to_leaf(client, path, leaf):
    reply = client.get(path)
    assert reply.status == 200
    assert reply.json()["leaf"] == leaf


@pytest.mark.parametrize(
    "path",
    [
        "/level3",
        "/level2/level3/__call__",
        "/__call__",
        "/index",
        "/level2/func_on_level2/x/y",
        "/level2/level3/func_on_level2",
        "/level2/func_on_root",
        "/foo_bar",
        "/hidden",
        "/_private",
        "/static",
        "/not_a_function",
        "/silent",
        "/concealed",
        "/concealed/leaf",
        "/controller_name",
        "/controller_path",
        "/special_methods",
        "/__new__",
        "/request",
        "/root",
        "/routed/show_user",
        "/x/../func_on_root",
        "//evil.example/func_on_root",
        "/func_on_root%00",
    ],
)
def test_path_leads_nowhere(client, path):
    expected = 400 if "%00" in path else 404
    assert client.get(path).status == expected


def test_delegate_is_bound_to_the_descendant(client):
    assert client.get("/level2/level3/delegated").json()["class"] == "Level3"


def test_missing_parameter_is_400_and_names_it(client):
    reply = client.get("/needs")
    assert reply.status == 400
    assert "name" in reply.json()["error"]["description"]


def test_parameters_arrive_by_name(client):
    assert client.get("/needs?name=a%20b&other=c+d&utm=1").json() == {
        "name": "a b",
        "other": "c d",
    }
    assert client.post("/needs", form={"name": "é"}).json()["name"] == "é"
    assert client.post("/needs", json={"name": "x", "other": 3}).json()["other"] == 3
    assert client.post("/needs", json=["x", "y"]).json()["other"] == "y"


def test_annotations_convert(client):
    reply = client.get("/convert?a=-4&b=1e2&c&d=1&d=2")
    assert reply.json() == {"a": -4, "b": 100.0, "c": True, "d": [1, 2]}
    for query in ("a=1_0", "a=", "a=٣", "a=1.5", "b=nan", "c=maybe", "d=1&d=x"):
        assert client.get("/convert", query=query).status == 400, query


def test_repeated_and_valueless_keys(client):
    assert client.get("/anything?a=1&a=2&b&c=").json() == {
        "a": ["1", "2"],
        "b": None,
        "c": "",
    }


def test_wrong_method_is_405_with_allow(client):
    reply = client.get("/verbs")
    assert reply.status == 405
    assert reply.headers["Allow"] == "DELETE, OPTIONS, PUT"
    assert client.put("/verbs").json() == {"verb": "PUT"}
    assert Client(Site(), validate=False).request("BREW", "/").status == 405
    assert client.options("/verbs").headers["Allow"] == "DELETE, OPTIONS, PUT"
    assert client.options("/nowhere").status == 404


def test_head_is_allowed_wherever_get_is(client):
    reply = client.head("/")
    assert reply.status == 200
    assert reply.body == b""
    assert int(reply.headers["Content-Length"]) > 0
    assert client.head("/verbs").status == 405


def test_formats_restrict(client):
    assert client.get("/only_json.json").status == 200
    assert client.get("/only_json.html").status == 404
    assert client.get("/only_json", accept="text/html").status == 406


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/user/Mats", {"show": "Mats", "extra": ""}),
        ("/USER/Mats/", {"show": "Mats", "extra": ""}),
        ("/user/a%2Bb+c", {"show": "a+b+c", "extra": ""}),
        ("/user/r%C3%A4ksm%C3%B6rg%C3%A5s", {"show": "räksmörgås", "extra": ""}),
        ("/user/v1.2", {"show": "v1.2", "extra": ""}),
        ("/user/x.json", {"show": "x", "extra": ""}),
        ("/user/x?name=y&extra=z", {"show": "y", "extra": "z"}),
        ("/2026", {"year": 2026, "month": None}),
        ("/2026/11/", {"year": 2026, "month": 11}),
        ("/files/a/b.c/d", {"path": "a/b.c/d", "number": 0}),
        ("/f/12", {"path": "", "number": 12}),
    ],
)
def test_route(client, path, answer):
    assert client.get(path).json() == answer


def test_routes_choose_by_verb(client):
    assert client.put("/user/x").json() == {"save": "x"}
    reply = client.delete("/user/x")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert client.get("/f/x").status == 404


def test_filters_of_the_application_come_first():
    site = Site()
    site.router.filter("/user/<name>", root.needs, methods=("GET",))
    site.router.filter("/u/<name>", "/needs")
    client = Client(site)
    assert client.get("/user/x").json() == {"name": "x", "other": "o"}
    assert client.put("/user/x").json() == {"save": "x"}
    assert client.get("/u/y").json()["name"] == "y"


def test_links():
    site = Site()
    site.setup()
    assert site.uri_for("/level2", q="a b") == "/level2?q=a+b"
    assert site.uri_for(Level3) == "/level2/level3"
    assert site.uri_for(Routed.show_user, name="a/b c", extra=1) == (
        "/user/a%2Fb%20c?extra=1"
    )
    assert site.uri_for(Routed.files, path="a/b") == "/files/a/b"
    assert site.uri_for("/elsewhere/") == "/elsewhere/"
    with pytest.raises(ConfigurationError):
        site.uri_for(Routed.show_user)
    with pytest.raises(ConfigurationError):
        site.router.filter("/x", lambda: None)


def test_redirects_are_absolute_and_stay_here():
    class Root(Controller):
        def __call__(self, to: str):
            raise http.SeeOther(to)

        def go(self):
            return redirect_to(Root, to="x", status=http.MovedPermanently)

    class Here(Application):
        root = Root

    client = Client(Here())
    for to, location in [
        ("/a?b=c", "http://localhost/a?b=c"),
        ("a", "http://localhost/a"),
        ("//evil.example/", "http://localhost/evil.example/"),
        ("/\\evil.example", "http://localhost/%5Cevil.example"),
        ("https://other.example/", "https://other.example/"),
        ("/a\r\nSet-Cookie: x=y", "http://localhost/a%0D%0ASet-Cookie:%20x=y"),
        ("/ö", "http://localhost/%C3%B6"),
    ]:
        reply = client.get("/", query={"to": to})
        assert (reply.status, reply.headers["Location"]) == (303, location)
        assert "Set-Cookie" not in reply.headers
    reply = client.get("/go")
    assert (reply.status, reply.headers["Location"]) == (301, "http://localhost/?to=x")


def test_what_is_remembered_changes_with_routes_and_formats():
    site = Site()
    client = Client(site)
    for _ in range(2):
        reply = client.get("/needs?name=x", accept="text/html")
        assert reply.headers["Content-Location"] == "/needs.html?name=x"
        assert client.get("/user/x").json()["show"] == "x"
        assert "?" not in client.get("/").headers["Content-Location"]
    site.router.filter("/user/<name>", root.needs)
    assert client.get("/user/x").json()["name"] == "x"
    site.serializers.unregister("html")
    assert client.get("/needs?name=x", accept="text/html").status == 406
    below = Client(site, {"SCRIPT_NAME": "/app"})
    assert below.get("/", accept="*/*").headers["Content-Location"] == "/app/.json"
    assert client.get("/", accept="*/*").headers["Content-Location"] == "/.json"


def test_unknown_format_and_bad_route_are_told_at_the_start():
    class Root(Controller):
        @expose(formats=("nope",))
        def __call__(self): ...

    class One(Application):
        root = Root

    with pytest.raises(ConfigurationError, match="nope"):
        One().setup()
    with pytest.raises(ConfigurationError, match="slash"):
        Site().router.filter("x", "/")


def test_names_of_1_1():
    class root(Controller):  # noqa: N801
        def __call__(self):
            return {
                "path": path_to(root.leaf),
                "template": template_for(root.leaf),
                "index": template_for("/"),
            }

        @expose("a-leaf", template="x/y")
        def leaf(self): ...

    class below(root):  # noqa: N801
        def own(self): ...

    class Site(Application):
        default_format = "json"

    Site.root = root
    assert Client(Site()).get("/").json() == {
        "path": ["a-leaf"],
        "template": "x/y",
        "index": "index",
    }
    assert method_origin(below, "leaf") is root
    assert method_origin(below, "own") is below
    assert method_origin(below, "nothing") is None


def test_what_is_remembered_of_a_request_is_not_what_it_said():
    class root(Controller):  # noqa: N801
        @expose(route="/item/<id:int>")
        def item(self, id: int, tags: list[str] | None = None, **rest):
            rest["mine"] = tags = [*(tags or ()), str(id)]
            return {"id": id, "tags": tags, "rest": sorted(rest)}

        @expose(route="/many/<names>")
        def many(self, names: list[str]):
            names.append("more")
            return {"names": names}

    class Site(Application):
        default_format = "json"

    Site.root = root
    client = Client(Site())
    plain = {"id": 7, "tags": ["7"], "rest": ["mine"]}
    for _ in range(4):
        assert client.get("/item/7").json() == plain
        assert client.get("/item/7?a=1").json()["rest"] == ["a", "mine"]
        assert client.get("/item/7?tags=x").json()["tags"] == ["x", "7"]
        assert client.get("/item/7?id=8").json()["id"] == 8
        assert client.get("/item/7?id=x").status == 400
        assert client.get("/item/8").json()["id"] == 8
        assert client.get("/many/a").json() == {"names": ["a", "more"]}
        posted = client.post("/item/7", form={"b": "1"})
        assert posted.json()["rest"] == ["b", "mine"]
        assert client.post("/item/7", json={"c": 1}).json()["rest"] == ["c", "mine"]
        assert client.get("/item/7", accept="application/xml").status == 406
        head = client.head("/item/7")
        assert (head.status, head.body) == (200, b"")

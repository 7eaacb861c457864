"""The same four answers in every framework: hello, routed JSON, a page, a form.

Each function makes one WSGI (or, for Starlette, ASGI) application; what is not
installed is left out by the program that measures.
"""

# ruff: noqa: D103, ARG001, ARG002 - each is named after its framework, which calls it
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
ITEMS = [{"title": f"Item <{n}>", "url": f"/item/{n}"} for n in range(20)]


def bare():
    """The WSGI server with nothing on it."""

    def application(environ, start_response):
        headers = [("Content-Type", "text/plain"), ("Content-Length", "12")]
        start_response("200 OK", headers)
        return [b"Hello World!"]

    return application


def smisk_core():
    from smisk import Application

    class Hello(Application):
        def service(self):
            self.response.write("Hello World!")

    return Hello()


def smisk():
    from smisk.mvc import Application, Controller, expose

    class Root(Controller):
        def __call__(self):
            self.response.content_type = "text/plain"
            return b"Hello World!"

        @expose(route="/item/<id:int>")
        def item(self, id: int):
            return {"id": id, "message": "hello"}

        def page(self):
            return {"items": ITEMS}

        def form(self, name: str, age: int):
            return {"name": name, "age": age}

    class Site(Application):
        root = Root
        template_folders = (TEMPLATES,)

    return Site()


def flask():
    import flask

    app = flask.Flask("bench", template_folder=str(TEMPLATES))

    @app.get("/")
    def hello():
        return "Hello World!"

    @app.get("/item/<int:id>")
    def item(id):
        return {"id": id, "message": "hello"}

    @app.get("/page")
    def page():
        return flask.render_template("page.html", items=ITEMS)

    @app.post("/form")
    def form():
        fields = flask.request.form
        return {"name": fields["name"], "age": int(fields["age"])}

    return app


def falcon():
    import falcon
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader(TEMPLATES)
    template = Environment(loader=loader, autoescape=True).get_template("page.html")

    class Hello:
        def on_get(self, request, response):
            response.text = "Hello World!"

    class Item:
        def on_get(self, request, response, id):
            response.media = {"id": id, "message": "hello"}

    class Page:
        def on_get(self, request, response):
            response.content_type = falcon.MEDIA_HTML
            response.text = template.render(items=ITEMS)

    class Form:
        def on_post(self, request, response):
            fields = request.media
            response.media = {"name": fields["name"], "age": int(fields["age"])}

    app = falcon.App()
    app.add_route("/", Hello())
    app.add_route("/item/{id:int}", Item())
    app.add_route("/page", Page())
    app.add_route("/form", Form())
    return app


def bottle():
    import bottle

    app = bottle.Bottle()

    @app.route("/")
    def hello():
        return "Hello World!"

    @app.route("/item/<id:int>")
    def item(id):
        return {"id": id, "message": "hello"}

    @app.route("/page")
    def page():
        folder = [str(TEMPLATES)]
        return bottle.jinja2_template(
            "page.html", items=ITEMS, template_lookup=folder,
            template_settings={"autoescape": True},
        )  # fmt: skip

    @app.post("/form")
    def form():
        fields = bottle.request.forms
        return {"name": fields.name, "age": int(fields.age)}

    return app


def starlette():
    """Starlette where WSGI is spoken: a loop that runs each request to its end."""
    import asyncio

    asgi, loop = starlette_asgi(), asyncio.new_event_loop()

    def application(environ, start_response):
        sent = []

        async def receive():
            return {"type": "http.request", "body": environ["wsgi.input"].read()}

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"localhost")]
        if accept := environ.get("HTTP_ACCEPT"):
            headers.append((b"accept", accept.encode("latin-1")))
        path = environ["PATH_INFO"]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": environ["REQUEST_METHOD"], "path": path, "root_path": "",
            "raw_path": path.encode("latin-1"), "scheme": "http", "headers": headers,
            "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        }  # fmt: skip
        loop.run_until_complete(asgi(scope, receive, send))
        head, *rest = sent
        pairs = [(k.decode(), v.decode("latin-1")) for k, v in head["headers"]]
        start_response(f"{head['status']} OK", pairs)
        return [message.get("body", b"") for message in rest]

    return application


def starlette_asgi():
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    async def hello(request):
        return PlainTextResponse("Hello World!")

    async def item(request):
        return JSONResponse({"id": request.path_params["id"], "message": "hello"})

    return Starlette(routes=[Route("/", hello), Route("/item/{id:int}", item)])


def serve_twisted(port, *, native):
    """Serve hello with Twisted: its own resource, or its WSGI server."""
    from twisted.internet import reactor
    from twisted.web.resource import Resource
    from twisted.web.server import Site
    from twisted.web.wsgi import WSGIResource

    class Hello(Resource):
        isLeaf = True  # noqa: N815 - its API

        def render_GET(self, request):  # noqa: N802 - its API
            return b"Hello World!"

    wsgi = WSGIResource(reactor, reactor.getThreadPool(), bare())
    reactor.listenTCP(port, Site(Hello() if native else wsgi), interface="127.0.0.1")
    reactor.run()

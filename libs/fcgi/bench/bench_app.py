"""The application that every Python server of the benchmark serves."""

BIG = b"x" * 20480


def app(environ, start_response):
    """Answer 12 bytes, or 20 KB under /big, through the full WSGI path."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [BIG if environ["PATH_INFO"] == "/big" else b"Hello World\n"]


async def asgi(scope, receive, send):
    """Answer the same to a server that speaks ASGI."""
    if scope["type"] == "lifespan":
        for what in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{what}.complete"})
        return
    body = BIG if scope["path"] == "/big" else b"Hello World\n"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

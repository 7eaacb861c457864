"""The application that every Python server of the benchmark serves."""

BIG = b"x" * 20480


def app(environ, start_response):
    """Answer 12 bytes, or 20 KB under /big, through the full WSGI path."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [BIG if environ["PATH_INFO"] == "/big" else b"Hello World\n"]

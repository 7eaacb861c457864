"""HTML pages that need nothing to be written."""

from html import escape

from smisk import http


def page(title: str, body: str) -> str:
    """Return a document with that title and that body (of markup)."""
    return (
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en">\n'
        f"<head><title>{escape(title)}</title></head>\n<body>\n{body}</body>\n</html>\n"
    )


def error_page(error: http.HTTPError, location: str = "") -> str:
    """Return a page about `error`, with a link to `location`."""
    body = f"<h1>{escape(error.title)}</h1>\n<p>{escape(error.description)}</p>\n"
    links = [(location, location)] if location else error.choices
    for address, name in links:
        body += f'<p><a href="{escape(address)}">{escape(name)}</a></p>\n'
    if error.traceback:
        body += f"<pre>{escape(error.traceback)}</pre>\n"
    return page(f"{error.status} {error.title}", body)

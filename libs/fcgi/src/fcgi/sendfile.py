"""Letting the web server send a file, which costs the worker nothing."""

from collections.abc import Mapping


def header(
    environ: Mapping[str, object], path: str, *, internal: str | None = None
) -> tuple[str, str] | None:
    """Return the response header that makes the web server send a file.

    lighttpd (`"x-sendfile" => "enable"` with its `x-sendfile-docroot`) and Apache
    (mod_xsendfile) take a path; nginx takes the URI of an internal location.

    Args:
        environ: The request's; its SERVER_SOFTWARE decides.
        path: The file.
        internal: The URI under which nginx knows it; `path` itself if not given.

    Returns:
        Name and value; None if the web server is not known to send files.

    Raises:
        ValueError: If the path cannot stand in a header.
    """
    if any(ord(c) < 32 for c in path + (internal or "")):
        msg = "control character in the name of a file"
        raise ValueError(msg)
    software = str(environ.get("SERVER_SOFTWARE", "")).lower()
    if software.startswith("nginx"):
        return "X-Accel-Redirect", internal or path
    if software.startswith(("lighttpd", "apache")):
        return "X-Sendfile", path
    return None

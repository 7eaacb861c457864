"""The part of a WSGI environ that FastCGI parameters do not carry."""

import io
from typing import Final

from fcgi import codec
from fcgi.codec import Environ
from fcgi.errors import RefusedError
from fcgi.events import RequestReceived


class _EmptyInput(io.BytesIO):
    """An input that is shared by requests, so no application may close or fill it."""

    def close(self) -> None:
        """Do nothing."""

    def write(self, _data: object, /) -> int:
        """Refuse: an input is for reading."""
        raise io.UnsupportedOperation("write")


EMPTY: Final = _EmptyInput()
"""The input of every request without a body."""

_DEFAULTS: Final = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.0",
}


def base(*, multithread: bool, multiprocess: bool, run_once: bool = False) -> Environ:
    """Return the keys that are the same for every request of a server."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": EMPTY,
        "wsgi.errors": None,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": run_once,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
        "fcgi.role": "RESPONDER",
    }


def complete(environ: Environ) -> None:
    """Add what PEP 3333 requires and the web server left out.

    Args:
        environ: Parameters over `base`; changed in place.
    """
    for name, value in _DEFAULTS.items():
        if name not in environ:
            environ[name] = value
    if environ.get("HTTPS", "off") not in ("off", "0", "") or (
        environ.get("REQUEST_SCHEME") == "https"
    ):
        environ["wsgi.url_scheme"] = "https"


def mount_at(mount: str, environ: Environ) -> None:
    """Split the path into SCRIPT_NAME and PATH_INFO whatever the web server made of it.

    Args:
        mount: Where the application lives below the site's root, without a slash at
            its end.
        environ: A complete environ; changed in place.

    Raises:
        RefusedError: If the request is not below `mount`.
    """
    path = f"{environ['SCRIPT_NAME']}{environ['PATH_INFO']}"
    if not path.startswith(mount) or path[len(mount) :][:1] not in ("", "/"):
        msg = f"{path!r} is not below {mount!r}"
        raise RefusedError(msg, "404 Not Found")
    environ["SCRIPT_NAME"] = mount
    environ["PATH_INFO"] = path[len(mount) :]


def from_request(request: RequestReceived, base: Environ, mount: str | None) -> Environ:
    """Return the environ of a request, still without its streams.

    Raises:
        RemoteProtocolError: If the parameters are malformed.
        RefusedError: If the request must not reach an application.
    """
    environ = codec.decode_environ(request.params, base)
    complete(environ)
    if mount is not None:
        mount_at(mount, environ)
    environ["fcgi.role"] = request.role.name
    return environ


def body_size(environ: Environ) -> int | None:
    """Return the announced size of the body; None if it was not announced.

    Raises:
        RefusedError: If it is not a number.
    """
    return _size(environ, "CONTENT_LENGTH")


def data_size(environ: Environ) -> int | None:
    """Return the announced size of the file a filter works on (SPEC 6.4).

    Raises:
        RefusedError: If it is not a number.
    """
    return _size(environ, "FCGI_DATA_LENGTH")


def check_body(environ: Environ, size: int) -> None:
    """Hold a body that is here as a whole to its announced size.

    Raises:
        RefusedError: If it has another.
    """
    announced = body_size(environ)
    if announced is not None and announced != size:
        msg = f"{size} bytes of body, {announced} announced"
        raise RefusedError(msg)


def _size(environ: Environ, name: str) -> int | None:
    text = environ.get(name)
    if not text:
        return None
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        msg = f"{name} {text!r} is not a number"
        raise RefusedError(msg)
    return int(text)


class FileWrapper:
    """`wsgi.file_wrapper`: a file-like object as an iterable of blocks."""

    def __init__(self, file: io.IOBase, block_size: int = 65528) -> None:
        self.file = file
        self.block_size = block_size
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> bytes:
        data = self.file.read(self.block_size)
        if not data:
            raise StopIteration
        return bytes(data)

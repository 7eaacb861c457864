"""Running an application under the FastCGI server."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smisk.core.application import Application

_bound: str | None = None


def bind(address: str) -> None:
    """Choose where `Application.run` listens: ``host:port``, ``:port``, a path."""
    global _bound
    _bound = address


def unbind() -> None:
    """Forget what `bind` chose: listen where the web server says."""
    global _bound
    _bound = None


def listening() -> str | None:
    """Return what `bind` chose, or None."""
    return _bound


def run(application: "Application", address: str | None, forks: int) -> int:
    """Serve `application`; see `Application.run`."""
    import fcgi

    try:
        return fcgi.serve(application, bind=address or _bound, processes=forks + 1)
    finally:
        application.stop()

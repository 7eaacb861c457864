"""Running an application under the FastCGI server."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fcgi.address import Listener
    from smisk.core.application import Application

_bound: str | None = None
_leader: int = 0
_listener: "Listener | None" = None


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
    """Serve `application`; see `Application.run`.

    Alone, the process serves by itself; with forks, that many and one more workers
    serve under a parent that replaces whichever dies.
    """
    global _leader, _listener
    import fcgi
    from fcgi.address import listen, parse
    from smisk.core import worker

    address = address or _bound
    if address is not None and address.startswith("*:"):
        address = "0.0.0.0" + address[1:]  # noqa: S104 - that is what the star says
    _leader = os.getpid()
    try:
        if forks:
            return fcgi.serve(
                application, bind=address, processes=forks + 1, model=worker.NAME
            )
        if address is not None:
            _listener = listen(parse(address))
            address = f"fd:{os.dup(_listener.socket.fileno())}"
        with _signals_end_it():
            return fcgi.serve(application, bind=address, processes=0, model=worker.NAME)
    except KeyboardInterrupt:
        return 0
    finally:
        _leader = 0
        if _listener is not None:
            _listener.close()
            _listener = None
        application.stop()


def leave() -> None:
    """Ask the server this process belongs to, or else this process, to end."""
    if _leader in (0, os.getpid()):
        # WHY: a web server that is refused goes to the next one; one that has connected
        # and is hung up on gives its client an error.
        if _listener is not None:
            with contextlib.suppress(OSError):
                _listener.socket.shutdown(socket.SHUT_RD)
        # Not SIGTERM: that waits for more.
        os.kill(os.getpid(), signal.SIGQUIT)
    else:
        os.kill(_leader, signal.SIGTERM)


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let SIGINT, SIGHUP and SIGUSR1 mean what SIGTERM does: finish, then end."""

    def end(_number: int, _frame: FrameType | None) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    # What an application has chosen for itself stays (a reload on SIGHUP).
    usual = (signal.SIG_DFL, signal.default_int_handler)
    before = {n: signal.getsignal(n) for n in numbers}
    taken = [n for n in numbers if before[n] in usual]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])

"""`serve`: the whole server as one function."""

import signal
from collections.abc import Callable
from typing import Any

from fcgi import address, loader, models
from fcgi.settings import Settings
from fcgi.supervisor import Supervisor
from fcgi.worker import make_worker, serve_to_the_end
from fcgi.wsgi import Application


def serve(
    app: Application | str,
    *,
    bind: str | None = None,
    processes: int = 1,
    **options: Any,
) -> int:
    """Serve a WSGI application until told to stop.

    Args:
        app: The application, or `module:attribute` to import it by. Only what is
            imported by name can be loaded anew on SIGHUP.
        bind: Where to listen: `unix:/path`, `host:port`, `fd:number`; None takes over
            file descriptor 0.
        processes: Worker processes; 0 serves in this very process, without a parent.
        options: Every other field of `Settings`.

    Returns:
        An exit code; 0 after an orderly stop.

    Raises:
        ConfigurationError: If a setting cannot work.
    """
    return run(app, Settings(bind=bind, processes=processes, **options))


def run(app: Application | str, settings: Settings) -> int:
    """Serve as `settings` say; see `serve`."""
    models.load(settings.model)

    def load() -> Application:
        return loader.load(app) if isinstance(app, str) else app

    listener = address.listen(
        address.parse(settings.bind or "fd:0"),
        backlog=settings.backlog,
        mode=settings.mode,
        group=settings.group,
    )
    try:
        if settings.processes == 0:
            return _serve_here(load, listener, settings)
        return Supervisor(load, listener, settings).run()
    finally:
        listener.close()


def _serve_here(
    load: Callable[[], Application], listener: address.Listener, settings: Settings
) -> int:
    app = load()
    worker = make_worker(app, listener.socket, settings, None)
    # Ctrl-C, and what libfcgi and the web servers that start us use.
    signal.signal(signal.SIGINT, worker.on_signal)
    signal.signal(signal.SIGUSR1, worker.on_signal)
    serve_to_the_end(models.load(settings.model).serve, worker)
    return 0

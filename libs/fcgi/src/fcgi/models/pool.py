"""Model E: one thread for all I/O, and a fixed number that run the application.

In the manner of waitress: a thread of the pool gets a request only when all of it has
arrived and hands its output to the I/O thread, so slow peers cost memory, not threads.
A thread that hangs is not killed here; `--request-timeout` kills the worker.
"""

import functools
import queue
import threading
import time

from fcgi import wsgi
from fcgi.models.channel import Request
from fcgi.models.loop import Loop
from fcgi.worker import Worker, log


class Pool:
    """Serve requests with a pool of threads."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        tasks: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=_work, args=(tasks, worker), daemon=True)
            for _ in range(worker.settings.threads)
        ]
        for thread in threads:
            thread.start()
        said = 0.0

        def ready(request: Request) -> None:
            nonlocal said
            depth = tasks.qsize()
            if depth > 4 * len(threads) and time.monotonic() - said > 5:
                said = time.monotonic()
                log.warning("%d requests wait for a thread", depth)
            tasks.put(request)

        Loop(worker, worker.base(multithread=True), ready).run()
        for _ in threads:
            tasks.put(None)
        for thread in threads:
            thread.join(1.0)


def _work(tasks: "queue.SimpleQueue[Request | None]", worker: Worker) -> None:
    """Be a thread of the pool."""
    while True:
        request = tasks.get()
        if request is None:
            return
        channel = request.channel
        try:
            with worker.running():
                whole = wsgi.respond(
                    worker.app,
                    request.environ,
                    request.request_id,
                    channel.send,
                    functools.partial(channel.finish, request),
                )
            if not whole:
                channel.break_off(request)
            worker.done()
        except Exception:  # noqa: BLE001 - one request must not end the others
            log.exception("thread failed")

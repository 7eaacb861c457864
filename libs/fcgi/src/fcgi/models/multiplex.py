"""Model D: one event loop, many requests interleaved on kept connections.

True multiplexing, for web servers and load generators that do it. Applications run in
the loop, one step of their iterable at a time, turn by turn; one that blocks holds up
all the others, so this is for applications that only compute.
"""

import functools
import time
from collections import deque
from collections.abc import Generator
from typing import Final

from fcgi import wsgi
from fcgi.models.channel import HIGH_WATER, Request
from fcgi.models.loop import InlineLoop
from fcgi.worker import Worker

Steps = Generator[None, None, bool]

_TURN_S: Final = 0.001
"""After this long the loop writes what there is, and reads, before others go on.

WHY: of 64 requests that take 50 ms each, the first would wait 3.2 s for the last.
"""


class Multiplex:
    """Interleave all requests in one thread."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        running: deque[tuple[Request, Steps]] = deque()

        def ready(request: Request) -> None:
            # WHY `enqueue`: a step must never wait; `turn` does not run those whose
            # channel is full.
            channel = request.channel
            steps = wsgi.steps(
                worker.app,
                request.environ,
                request.request_id,
                channel.enqueue,
                functools.partial(channel.finish, request),
            )
            running.append((request, steps))

        def turn() -> bool:
            """Run a step of each request, in time; return whether one can run on."""
            can_go_on = False
            deadline = time.monotonic() + _TURN_S
            for _ in range(len(running)):
                if time.monotonic() > deadline:
                    return True
                request, steps = running.popleft()
                channel = request.channel
                if channel.out_size > HIGH_WATER and not channel.closed:
                    running.append((request, steps))
                    continue
                worker.slot.begin()
                try:
                    next(steps)
                except StopIteration as stop:
                    if not stop.value:
                        channel.break_off(request)
                    worker.done()
                else:
                    running.append((request, steps))
                    can_go_on = True
                finally:
                    worker.slot.end()
            return can_go_on

        InlineLoop(worker, worker.base(multithread=False), ready, turn).run()
        for _, steps in running:
            steps.close()

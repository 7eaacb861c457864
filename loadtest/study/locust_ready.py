"""Locust, imported once, ready to make load: it forks for each measurement.

Importing locust computes for more than half a second, as long as a measurement lasts; a
study of a thousand measurements would spend a quarter of its time on it. So one process
imports it, then waits for lines of JSON (arguments, environment, processes) on its
standard input. For each it forks, says the child's process id, and then its exit status.

What runs in the child is locust's own command line. For more than one process the child
forks again. They share nothing, and the harness adds up what they counted: the processes
of locust's `--processes` agree with a master first and last, which takes seconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback

# WHY before locust: it patches fork to start gevent's loop, which must not be shared
# with a child. Nothing here may use gevent before the fork.
from os import fork, waitpid
from types import FrameType
from typing import NoReturn, TypedDict


class Order(TypedDict):
    """What is asked for: locust's arguments, and where what it says goes."""

    arguments: list[str]
    environ: dict[str, str]
    processes: int
    said: str


_child = 0


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End together with the harness, and take the child along."""
    if _child:
        os.killpg(_child, signal.SIGKILL)
    os._exit(0)


def _measure(order: Order) -> NoReturn:
    """Be locust, or several."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        said = os.open(order["said"], os.O_WRONLY | os.O_APPEND)
        for number, to in ((0, os.open(os.devnull, os.O_RDONLY)), (1, said), (2, said)):
            os.dup2(to, number)
        os.environ.update(order["environ"])
        others: list[int] = []
        while len(others) < order["processes"] - 1:
            pid = fork()
            if pid == 0:
                others = []
                break
            others.append(pid)
        status = _locust(order["arguments"])
        ends = [os.waitstatus_to_exitcode(waitpid(pid, 0)[1]) for pid in others]
        status = max([status, *map(abs, ends)])
    except BaseException:  # noqa: BLE001 the harness shall read whatever it is
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _locust(arguments: list[str]) -> int:
    from locust.main import main as locust

    sys.argv = arguments
    try:
        locust()  # type: ignore[no-untyped-call]
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def main() -> None:
    """Serve measurements until the input ends."""
    global _child
    import locust.contrib.fasthttp
    import locust.main  # noqa: F401 imported here so that no child has to

    signal.signal(signal.SIGTERM, _leave)
    # WHY unbuffered and raw: gevent has patched what stands above them.
    with open(0, "rb", buffering=0, closefd=False) as source:
        os.write(1, b"ready\n")
        for line in source:
            _child = fork()
            if _child == 0:
                _measure(json.loads(line))
            os.write(1, b"%d\n" % _child)
            _, status = waitpid(_child, 0)
            _child = 0
            os.write(1, b"%d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

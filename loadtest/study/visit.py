"""One visit to a cell: start the servers, warm up, measure, stop."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fcgi.client import Client
from study import generator
from study.cost import Meter, cpu_s, family
from study.edge import Edge, SiteEdge, workers_for
from study.generator import Sample
from study.handler import HANDLERS, Handler
from study.model import FOLDER, MODELS, Model, Start
from study.noise import wait_for_quiet
from study.plan import Cell, Plan
from study.program import Program, StartError, free_port, kill_all, until
from study.row import Row, row_of
from study.store import SiteStore

START_S = 30.0
# And each process that imports for itself may take so much longer, where it must compute.
IMPORTING_S = 4.0
# Started servers use less of a core than this while nobody asks.
IDLE = 0.2
# Share of a plan's time that may be lost to noise.
PATIENCE = 0.1


@dataclass
class Served:
    """Servers that run.

    Attributes:
        url: Of the edge; for models without one, the socket's address.
        ready_s: From their start to the first right answer.
    """

    url: str
    ready_s: float = 0.0


class Bench:
    """Visits cells on this machine.

    Args:
        plan: How long and how often.
        peers: The interpreter in whose environment other people's servers are.
    """

    def __init__(self, plan: Plan, peers: str) -> None:
        self.plan = plan
        self.peers = peers
        self.cores = os.cpu_count() or 1
        self._noisy = False
        # WHY: on a machine that never grows quiet, waiting and repeating would use up
        # the time, and few cells would be measured at all.
        self._patience_s = plan.budget_s * PATIENCE if plan.budget_s else float("inf")

    def missing(self, cell: Cell) -> str:
        """Return why a cell cannot be measured here; empty if it can."""
        if why := MODELS[cell.model].missing(self.peers):
            return why
        for program in ("lighttpd", "wrk"):
            if not (shutil.which(program) or Path(f"/usr/sbin/{program}").exists()):
                return f"{program} is not installed"
        return ""

    def visit(self, cell: Cell, repeat: int) -> list[Row]:
        """Measure a cell, again if the machine was noisy; return all rows.

        The rows of the quietest attempt are marked as kept.
        """
        attempts: list[list[Row]] = []
        for attempt in range(self.plan.tries):
            began = time.monotonic()
            before = 0.0
            # Each measurement sees what others use meanwhile; a look beforehand takes
            # time, and pays only where the last one saw them.
            if self._noisy and self._patience_s > 0:
                patience_s = min(self.plan.patience_s, self._patience_s)
                before = wait_for_quiet(self.plan.noise, patience_s)
            waited_s = time.monotonic() - began
            rows = self._once(cell, repeat, attempt, before)
            for row in rows:
                row.noisy = int(row.foreign > self.plan.noise)
            attempts.append(rows)
            self._noisy = any(row.noisy for row in rows)
            self._patience_s -= time.monotonic() - began if self._noisy else waited_s
            if not self._noisy or self._patience_s <= 0:
                break
        best = min(attempts, key=lambda rows: max(row.foreign for row in rows))
        for row in best:
            row.kept = 1
        return [row for rows in attempts for row in rows]

    def _once(self, cell: Cell, repeat: int, attempt: int, foreign: float) -> list[Row]:
        handler = HANDLERS[cell.handler]
        rows = []
        with (
            tempfile.TemporaryDirectory(prefix="study") as name,
            Meter() as meter,
            self._servers(cell, Path(name), meter) as served,
        ):
            if handler.cold:
                samples = self._cold(served, handler, meter)
            else:
                samples = self._warm(served, handler, cell, meter, repeat)
            for sample in samples:
                meter.sample()
                used = meter.between(sample.began, sample.ended)
                row = row_of(
                    cell, repeat, attempt, sample, used, self.cores, self._loops(cell)
                )
                row.ready_s = round(served.ready_s, 3)
                row.foreign_before = round(foreign, 4)
                rows.append(row)
                meter.leave("generator")
        return rows

    def _loops(self, cell: Cell) -> int:
        """Return how many event loops the edge has."""
        one = MODELS[cell.model].via == "spawned" or cell.handler == "stream"
        return 1 if one else workers_for(self.cores)

    @contextlib.contextmanager
    def _servers(self, cell: Cell, folder: Path, meter: Meter) -> Iterator[Served]:
        model, handler = MODELS[cell.model], HANDLERS[cell.handler]
        path = str(folder / "app.sock")
        environ = {"PYTHONPATH": str(FOLDER)}
        programs: list[Program] = []
        with contextlib.ExitStack() as stack:
            # Servers have nothing to lose, and what they use by ending is no noise to others.
            stack.callback(kill_all, programs)
            if handler.name == "stream":
                store = SiteStore(folder)
                programs.append(store.program)
                meter.watch("store", store.program.pid)
                environ |= store.environ
            start = Start(
                _app(model, handler), path, cell.processes, self.peers, free_port()
            )
            address = str(start.port) if model.via == "proxy-tcp" else path
            command = model.command(start)

            def run(part: str, program: Program, descendants: str = "") -> Program:
                programs.append(program)
                meter.watch(part, program.pid, descendants)
                return program

            began = time.monotonic()
            if model.via == "spawned":
                edge = Edge(folder, model.via, path, spawn=(command, cell.processes))
                run("edge", edge.program, "workers")
                served = Served(edge.url)
            else:
                log = folder / "workers.log"
                workers = Program(
                    cell.model, command, log, environ=environ, folder=folder
                )
                run("workers", workers)
                served = Served(f"unix:{path}")
                if model.via != "direct":
                    behind = self._edge(folder, model, handler, address)
                    run("edge", behind.program)
                    served = Served(behind.url)
                # WHY: an edge that has met no worker says 503 until the second ends.
                limit_s = START_S + handler.cold * cell.processes * IMPORTING_S
                if not until(lambda: _listens(address) or not workers.runs, limit_s):
                    said = workers.last_words() or "nobody listens"
                    raise StartError(f"{cell.model}, {limit_s:.0f} s: {said}")
            if handler.cold:
                # Nobody is sent before there is a queue to stand in.
                until(lambda: _listens(served.url), START_S)
                threading.Thread(
                    target=self._wait_cold, args=(served, handler, began, programs),
                    daemon=True,
                ).start()  # fmt: skip
            else:
                self._wait(served, handler, began, programs)
                _settle(programs)
            yield served

    def _edge(
        self, folder: Path, model: Model, handler: Handler, address: str
    ) -> Edge | SiteEdge:
        if handler.name == "stream":
            return SiteEdge(folder, address)
        return Edge(folder, model.via, address, loops=workers_for(self.cores))

    def _wait(
        self, served: Served, handler: Handler, began: float, programs: list[Program]
    ) -> None:
        def ready() -> bool:
            if dead := [p for p in programs if not p.runs]:
                raise StartError(f"{dead[0].name} ended: {dead[0].last_words()}")
            return answers(served.url, handler)

        if not until(ready, START_S):
            if handler.cold:
                return
            words = "; ".join(p.last_words() for p in programs)
            raise StartError(f"no right answer within {START_S:.0f} s: {words}")
        served.ready_s = time.monotonic() - began

    def _wait_cold(
        self, served: Served, handler: Handler, began: float, programs: list[Program]
    ) -> None:
        # The visit may be over, and its programs gone, before there was an answer; the
        # row then says so with a time of zero.
        with contextlib.suppress(StartError, OSError):
            self._wait(served, handler, began, programs)

    def _warm(
        self, served: Served, handler: Handler, cell: Cell, meter: Meter, repeat: int
    ) -> Iterator[Sample]:
        plan, model = self.plan, MODELS[cell.model]
        callers = handler.callers(self.cores)

        def started(pid: int) -> None:
            meter.watch("generator", pid)

        if model.via == "direct":
            # WHY: a process that serves one connection at a time cannot keep more of
            # them than there are processes; it would have to turn the others away.
            one_each = model.keep and model.window == 1
            connections = cell.processes if one_each else callers // model.window
            for seconds in (plan.warm_s, float(plan.wrk_s)):
                sample = generator.fcgi(
                    served.url, handler.path, started=started, seconds=seconds,
                    connections=connections,
                    window=model.window, keep=model.keep,
                )  # fmt: skip
                if seconds == plan.wrk_s:
                    yield sample
            return
        _warm_up(served.url, handler, plan.warm_s)
        wrk = generator.wrk(
            served.url, handler.path, connections=callers,
            seconds=plan.wrk_s, started=started,
            threads=generator.threads_for(self.cores, "wrk"),
        )  # fmt: skip
        yield wrk
        # WHY half: latency in the open model means something where the queue does
        # not grow; and locust's cores must be able to keep to the rate.
        most = 800.0 * generator.threads_for(self.cores, "locust")
        half = max(1.0, min(wrk.rate / 2, most))
        for mode in plan.modes(cell, repeat):
            # What the last generator asked and did not wait for is still in the queue:
            # whoever stands behind it is answered when it is gone.
            answers(served.url, handler)
            yield generator.locust(
                served.url, handler.path, users=callers,
                rate=half if mode == "open" else 0.0, seconds=plan.locust_s, started=started,
                processes=generator.threads_for(self.cores, "locust"),
            )  # fmt: skip

    def _cold(self, served: Served, handler: Handler, meter: Meter) -> Iterator[Sample]:
        yield generator.wrk(
            served.url, handler.path, connections=handler.callers(self.cores),
            seconds=self.plan.cold_s,
            threads=generator.threads_for(self.cores, "wrk"),
            started=lambda pid: meter.watch("generator", pid),
        )  # fmt: skip


def _app(model: Model, handler: Handler) -> str:
    if handler.name == "stream":
        return "hunch_web.app:create()"
    if handler.name == "start":
        return "study.heavy:hello"
    return f"{model.app}:{handler.name}" + ("()" if model.factory else "")


def answers(url: str, handler: Handler) -> bool:
    """Return whether a right answer comes."""
    try:
        if url.startswith("unix:"):
            with Client(url, timeout_s=5) as client:
                return handler.contains in client.get(handler.path).body
        host = url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", handler.path)
            reply = connection.getresponse()
            return reply.status == 200 and handler.contains in reply.read()
    except Exception as error:
        if isinstance(error, StartError):
            raise
        return False


def _listens(where: str) -> bool:
    """Return whether somebody listens at an address, a port or the path of a socket."""
    where = where.removeprefix("http://127.0.0.1:").removeprefix("unix:")
    port = where.isdigit()
    with socket.socket(socket.AF_INET if port else socket.AF_UNIX) as sock:
        return sock.connect_ex(("127.0.0.1", int(where)) if port else where) == 0


def _settle(programs: list[Program], patience_s: float = 15.0) -> None:
    """Wait until all processes of the programs are up, not only the first to answer.

    Nobody asks, so those that still compute are still starting.
    """
    period_s = 0.06
    deadline = time.monotonic() + patience_s
    last = -1.0
    while time.monotonic() < deadline:
        now = sum(cpu_s(list(family(p.pid))) for p in programs)
        if now - last <= IDLE * period_s:
            return
        last = now
        time.sleep(period_s)


def _warm_up(url: str, handler: Handler, seconds: float) -> None:
    """Ask from a few threads, so that every process has had requests."""
    end = time.monotonic() + seconds

    def ask() -> None:
        while time.monotonic() < end:
            answers(url, handler)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

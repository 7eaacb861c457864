"""The parsing process: reads jobs from its standard input, writes answers to its output.

WHY a process: 72 bytes of feed can raise what no parser promises, attributes by the
thousand cost quadratic time, and C decoders can crash. Here the worst ends a child that
is replaced, within limits the kernel enforces. Messages are a length of four bytes and
msgpack; nothing is ever unpickled.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import BinaryIO

import msgspec

from .entry import Answer, Job, PictureJob, Unreadable
from .wire import CPU_S, LENGTH

MEMORY_BYTES = 768 * 1024 * 1024


def limit() -> None:
    """Bound what this process may take from the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def limit_cpu(cpu_s: int) -> None:
    """Allow some more seconds of computing; the kernel ends the process after."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + cpu_s, hard))


def work(job: Job) -> Answer:
    """Do one job; whatever goes wrong becomes an answer."""
    try:
        if isinstance(job, PictureJob):
            from .picture import measure

            return measure(job)
        from .document import parse_document

        return parse_document(job)
    except MemoryError:
        raise
    except RecursionError:
        return Unreadable(
            "The document is nested too deeply to be read.",
            "The source must repair its feed; it will be tried again.",
        )
    except Exception as error:  # noqa: BLE001 - parsers of hostile input raise anything
        return Unreadable(
            f"The document cannot be read ({type(error).__name__}).",
            "The source must repair its feed; it will be tried again.",
        )


def serve(incoming: BinaryIO, outgoing: BinaryIO, cpu_s: int) -> None:
    """Answer jobs until the other side closes."""
    decoder = msgspec.msgpack.Decoder(Job)
    encoder = msgspec.msgpack.Encoder()
    while len(head := incoming.read(LENGTH.size)) == LENGTH.size:
        raw = incoming.read(LENGTH.unpack(head)[0])
        limit_cpu(cpu_s)
        answer = encoder.encode(work(decoder.decode(raw)))
        outgoing.write(LENGTH.pack(len(answer)) + answer)
        outgoing.flush()


def main() -> None:
    """Run as `python -m hunch_aggregator.parse.child [SECONDS]`."""
    os.nice(5)
    # PERF: imported before the first job, so that its time is the job's own
    import feedparser  # noqa: F401

    from . import document  # noqa: F401

    limit()
    try:
        # WHY: a library that prints would break the protocol; it prints to stderr
        outgoing = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        serve(sys.stdin.buffer, outgoing, int(sys.argv[1]) if sys.argv[1:] else CPU_S)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
    except MemoryError:
        os._exit(7)


if __name__ == "__main__":
    main()

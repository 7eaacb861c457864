"""A fake model of known throughput: HTTP on a unix socket, answered at a set rate.

    python paced.py SOCKET RATE FAIL_EVERY TALLY

Every FAIL_EVERYth answer is a 500 (0: none). With rate 0 it answers at once. On TERM it
writes to TALLY how many answers of each kind it gave. When it gave each of them stands in
TALLY.times: on a busy machine it may not have kept to its rate, and then that is the
throughput that must be reported.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

BODY = b"Hello World\n"


async def main() -> None:
    path, rate, every, tally = (
        sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    )  # fmt: skip
    given = {"good": 0, "bad": 0}
    times = Path(f"{tally}.times").open("a", buffering=1)  # noqa: SIM115
    slot = 0.0

    async def serve(reader, writer):
        nonlocal slot
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if rate:
                    # A late wake-up is made up for, a long pause is not.
                    slot = max(slot + 1 / rate, time.monotonic() - 0.25)
                    await asyncio.sleep(slot - time.monotonic())
                bad = every and (sum(given.values()) + 1) % every == 0
                given["bad" if bad else "good"] += 1
                status = b"500 Broken" if bad else b"200 OK"
                times.write(f"{time.time()}\n")
                writer.write(
                    b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                    % (status, len(BODY), BODY)
                )
                await writer.drain()
                writer.close()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_unix_server(serve, path, backlog=1024)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with server:
        await ended.wait()
    Path(tally).write_text(json.dumps(given))


asyncio.run(main())

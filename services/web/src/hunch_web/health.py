"""Ask a running site whether it is ready: `python -m hunch_web.health --bind unix:…`.

For health checks of containers, where no HTTP reaches the workers. Exits 0 if ready,
1 with a word on standard error if not.
"""

from __future__ import annotations

import argparse
import sys

from fcgi.client import Client
from fcgi.errors import Error


def main(arguments: list[str] | None = None) -> int:
    """Ask once and return an exit code."""
    parser = argparse.ArgumentParser(prog="hunch_web.health", description=__doc__)
    parser.add_argument("--bind", required=True, help="where the workers listen")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds to wait")
    options = parser.parse_args(arguments)
    try:
        with Client(options.bind, timeout_s=options.timeout) as client:
            reply = client.get("/readyz")
    except (Error, OSError) as error:
        sys.stderr.write(f"no worker answers at {options.bind}: {error}\n")
        return 1
    if reply.status != 200:
        sys.stderr.write(f"not ready: {reply.body.decode('utf-8', 'replace')}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

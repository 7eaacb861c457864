"""Asks running workers whether the site is ready: `python -m hunch_web.health`.

The check that containers run: a request for /readyz over FastCGI, past the edge.
"""

from __future__ import annotations

import argparse
import sys

from fcgi.client import Client
from fcgi.errors import Error


def main() -> int:
    """Return 0 if the workers answer 200, else 1 and say what they answered."""
    parser = argparse.ArgumentParser(prog="python -m hunch_web.health")
    parser.add_argument("--bind", required=True, help="socket of the workers")
    arguments = parser.parse_args()
    try:
        with Client(arguments.bind, timeout_s=3.0) as client:
            reply = client.get("/readyz")
    except (OSError, Error) as error:
        sys.stderr.write(f"web: {arguments.bind}: {error}\n")
        return 1
    if reply.status != 200:
        sys.stderr.write(f"web: {reply.status} {reply.body.decode(errors='replace')}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

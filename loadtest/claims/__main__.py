"""Measurements of the posts: `python -m claims million|random-reads|store|twisted`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from study.program import StartError

from claims import million, random_reads, store, twisted


def main() -> int:
    """Measure one claim and return the exit code."""
    line = argparse.ArgumentParser(prog="python -m claims", description=__doc__)
    line.add_argument("claim", choices=["million", "random-reads", "store", "twisted"])
    line.add_argument("--records", type=int, help="fewer or more than the post had")
    line.add_argument("--repeats", type=int)
    line.add_argument("--peers", default=sys.executable, metavar="PYTHON",
                      help="interpreter of an environment with Twisted")  # fmt: skip
    line.add_argument("--out", type=Path, help="file of the results")
    given = line.parse_args()
    options = {"repeats": given.repeats} if given.repeats else {}
    try:
        if given.claim == "million":
            path = million.run(given.records or 1_000_000, out=given.out, **options)
        elif given.claim == "random-reads":
            records = given.records or 10_000_000
            path = random_reads.run(
                records, min(2_000_000, records), out=given.out, **options
            )
        elif given.claim == "store":
            path = store.run(given.records or 1_000_000, out=given.out, **options)
        else:
            path = twisted.run(peers=given.peers, out=given.out, **options)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

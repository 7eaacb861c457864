"""`python -m hunch_aggregator.health`: is `hunch run` alive? For container engines.

The same as `hunch check --alive --quiet`: exit code 0 while the running aggregator gives
signs of life, otherwise what is wrong, and not 0.
"""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(["check", "--alive"]))

"""`python -m hunch_aggregator` is the `hunch` command."""

import sys

from .cli import main

sys.exit(main())

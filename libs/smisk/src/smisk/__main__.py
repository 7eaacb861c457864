"""``python -m smisk``."""

import sys

from smisk.cli import main

sys.exit(main())

"""``python -m hunch_kvstore``."""

import sys

from hunch_kvstore.cli import main

sys.exit(main())

"""`python -m fcgi`."""

import sys

from fcgi.cli import main

sys.exit(main())

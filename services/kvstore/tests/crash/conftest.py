"""The crash tests share writers and disks that live beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

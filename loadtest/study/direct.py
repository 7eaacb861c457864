"""Load from our own FastCGI client, which can multiplex as no web server does.

python -m study.direct ADDRESS --connections 4 --window 16 --keep --seconds 2
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from fcgi.client import params_for
from fcgi.load import Load


def main() -> int:
    """Make load; print what came of it as JSON."""
    line = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    line.add_argument("address")
    line.add_argument("--path", default="/")
    line.add_argument("--connections", type=int, default=4)
    line.add_argument("--window", type=int, default=1)
    line.add_argument("--keep", action="store_true")
    line.add_argument("--seconds", type=float, default=2.0)
    given = vars(line.parse_args())
    cpu, began = time.process_time(), time.time()
    report = Load(given.pop("address"), params_for(given.pop("path")), **given).run()
    found = {
        "began": began,
        "ended": began + report.seconds,
        "cpu_s": time.process_time() - cpu,
        "served": report.served,
        "failed": report.failed,
        "ms": [report.percentile_s(p) * 1e3 for p in (50, 90, 99, 100)],
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

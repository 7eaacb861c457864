"""Asks whether the aggregator is alive: `python -m hunch_aggregator.health`.

The check that containers run: the aggregator leaves a sign of life in the store in
every round, and this looks how old it is.
"""

from __future__ import annotations

import os
import pathlib
import sys
import time

from hunch_stream import config
from hunch_stream.store import Store, StoreError

# The rounds come every few seconds; a minute of silence is trouble.
_OLDEST_S = 60.0


def main() -> int:
    """Return 0 if the last sign of life is fresh, else 1 and say how old it is."""
    try:
        site = config.load(pathlib.Path(os.environ["HUNCH_CONFIG"]), os.environ).site
        store = Store.connect(os.environ["HUNCH_STORE"], site.id)
        beat = store.heartbeat()
    except (KeyError, config.ConfigError, StoreError) as error:
        sys.stderr.write(f"aggregator: {error}\n")
        return 1
    age_s = time.time() - beat if beat else None
    if age_s is None or age_s > _OLDEST_S:
        sys.stderr.write(f"aggregator: last seen {age_s or 'never'} s ago\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""An application that is expensive to start: importing it computes for two seconds."""

from __future__ import annotations

import time

from study.app import hello as hello

IMPORT_S = 2.0

# WHY process time: on a busy machine, or with more importing processes than cores, a real
# import takes longer, too.
while time.process_time() < IMPORT_S:
    sum(range(10_000))

"""What both ends of the pipe to a parsing process must agree on."""

from __future__ import annotations

import struct

# Each message is its length, then msgpack.
LENGTH = struct.Struct(">I")
# Seconds of computing that one job may take.
CPU_S = 10

"""Under which name a long-running aggregator holds its sources.

A killed process leaves its leases behind. The next one on the same machine has the same
name and may lift them at once, but only if it is alone: a lock of the kernel, which ends
with its holder however that ends, tells.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def owner_name(store: str, site: str) -> Iterator[tuple[str, bool]]:
    """Yield this process's name, and whether leases under it are leftovers.

    Args:
        store: Address of the store.
        site: Id of the site.
    """
    seed = f"{os.getuid()}\0{store}\0{site}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"hunch-run-{digest}.lock"
    with contextlib.ExitStack() as stack:
        try:
            # LIMIT: the folder is everybody's; a link laid there is not followed
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(path, flags, 0o600)
            stack.callback(os.close, file)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield f"run:{secrets.token_hex(8)}", False
            return
        yield f"run:{socket.gethostname()}:{digest}", True

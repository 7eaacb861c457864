"""What can go wrong with a store on disk."""

from pathlib import Path


class StoreError(Exception):
    """Root of the engine's errors."""


class WritesRefused(StoreError):  # noqa: N818 - says what happened
    """The store takes no writes now; reads go on.

    Raised by `Transaction.commit` and `Engine.flush`. The text says why and what to do.
    """


class DiskFull(WritesRefused):
    """There is no room on the disk (or less than the reserve).

    Raised by `commit` before anything was applied. The next commit looks again, so
    writes are taken as soon as space is there.
    """


class StoreFailed(WritesRefused):
    """A write or fsync of the log failed; what was not yet acknowledged is unknown.

    WHY: after a failed fsync the kernel may have dropped the pages, and a second fsync
    that succeeds proves nothing. So the engine never tries again: it refuses writes
    until a restart has read back what the disk really holds.
    """


class CommitTooLarge(StoreError):  # noqa: N818 - says what happened
    """One commit is longer than a frame of the log may be (2 GiB); nothing applied."""


class StoreLocked(StoreError):  # noqa: N818 - says what happened
    """Another process owns the folder."""


class StoreDamaged(StoreError):  # noqa: N818 - says what happened
    """A file does not hold what was once durably written to it.

    Attributes:
        path: The damaged file.
        offset: Where in the file, or None where that has no meaning.
        remedy: The command that gets the store going again, in words.
    """

    def __init__(self, path: Path, offset: int | None, what: str, remedy: str) -> None:
        """Describe the damage; `what` is one sentence without a full stop."""
        where = f"{path}" if offset is None else f"{path} at offset {offset}"
        super().__init__(f"{where}: {what}. {remedy}")
        self.path = path
        self.offset = offset
        self.remedy = remedy

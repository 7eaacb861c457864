"""The tree of errors: one root, and a class for each way a caller may want to react.

Every error carries the library's code, its message and, where there is one, the path.
`args` is the code and the C library's words for it, as in the first Python binding of
Tokyo Cabinet; what is known besides stands behind a colon in `message`.
"""

from tokyocabinet.constant import (
    TCEINVALID,
    TCEKEEP,
    TCELOCK,
    TCEMETA,
    TCEMISC,
    TCENOFILE,
    TCENOPERM,
    TCENOREC,
    TCERHEAD,
    TCETHREAD,
)


class Error(Exception):
    """Root of all errors of this library.

    Attributes:
        code: One of the `TCE*` constants.
        message: What went wrong, in words.
        path: The database file, or None where no file is concerned.
    """

    code: int
    message: str
    path: str | None

    def __init__(
        self, code: int = TCEMISC, message: str = "", path: str | None = None
    ) -> None:
        self.args = (code, message.partition(":")[0])
        self.code = code
        self.message = message
        self.path = path

    def __str__(self) -> str:
        place = f": {self.path}" if self.path else ""
        return f"{self.message} (code {self.code}){place}"

    def __reduce__(self) -> tuple[type["Error"], tuple[int, str, str | None]]:
        return type(self), (self.code, self.message, self.path)


class ThreadError(Error):
    """A handle is used by two threads, twice by one process, or from its own callback."""


class InvalidOperationError(Error, ValueError):
    """The handle is closed, opened in the wrong mode, or asked for the impossible."""


class FileMissingError(Error, FileNotFoundError):
    """There is no file at the path."""


class NoPermissionError(Error, PermissionError):
    """The operating system refused access to the file."""


class CorruptFileError(Error):
    """The file's meta data or a record header is not what Tokyo Cabinet wrote."""


class LockError(Error, BlockingIOError):
    """Another process holds the file's lock (only when opened without blocking)."""


class DiskError(Error, OSError):
    """Opening, reading, writing, mapping, syncing, renaming or removing a file failed."""


class RecordExistsError(Error):
    """The record is there already."""


class RecordMissingError(Error, KeyError):
    """There is no such record."""


_classes: dict[int, type[Error]] = {
    TCETHREAD: ThreadError,
    TCEINVALID: InvalidOperationError,
    TCENOFILE: FileMissingError,
    TCENOPERM: NoPermissionError,
    TCEMETA: CorruptFileError,
    TCERHEAD: CorruptFileError,
    TCELOCK: LockError,
    TCEKEEP: RecordExistsError,
    TCENOREC: RecordMissingError,
    TCEMISC: Error,
}


def error_for(code: int, message: str, path: str | None = None) -> Error:
    """Return the error object that stands for a code of the C library."""
    return _classes.get(code, DiskError)(code, message, path)

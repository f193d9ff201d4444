"""A kept file opened for reading: what the card does not give (EIO) is a DamagedFile, and is reported."""

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from pacsberry.errors import DamagedFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UNREADABLE: Final = (errno.EIO, errno.EBADMSG, errno.EUCLEAN)  # the latter two: a file system's own checks


class WatchedFile(io.FileIO):
    """The unbuffered file; reading through `io.BufferedReader` goes through it, sending by the kernel does not."""

    def __init__(self, path: Path, name: str, report: Callable[[str], None]) -> None:
        """`name`: as in the FileStore; `report` is told it when the file turns out to be bad.

        Raises DamagedFile, OSError.
        """
        self._kept_name = name
        self._report = report
        try:
            super().__init__(path, "rb")
        except OSError as error:
            self._raise(error)

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """As io.FileIO; DamagedFile when the card does not give the bytes."""
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            self._raise(error)

    def readall(self) -> bytes:
        """As io.FileIO; DamagedFile when the card does not give the bytes."""
        try:
            return super().readall() or b""
        except OSError as error:
            self._raise(error)

    def _raise(self, error: OSError) -> NoReturn:
        if error.errno not in UNREADABLE:
            raise error
        self._report(self._kept_name)
        raise DamagedFile(
            f"The stored file {self._kept_name} cannot be read from the card: {error.strerror}."
        ) from error

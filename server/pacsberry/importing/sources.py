"""Tells what a source is by its look: a folder, the storage of an Orthanc, an archive or a file, another server."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pacsberry.errors import BadRequest
from pacsberry.importing.archives import found_in_file
from pacsberry.importing.folder import Folder
from pacsberry.importing.items import Found, printable
from pacsberry.importing.orthanc_folder import OrthancFolder, is_orthanc_storage
from pacsberry.importing.remote import Address, Remote


class Source(Protocol):
    """Where instances come from."""

    name: str  # for people

    def total(self) -> int:
        """Bytes that `found` will tell of, about; may take a while, and is asked before `found`."""

    def found(self) -> Iterator[Found]:
        """What is there, each with its share of the bytes."""


class SingleFile:
    """A file as source: an archive, or one DICOM file."""

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        self._path = path

    def total(self) -> int:
        """Its bytes."""
        return self._path.stat().st_size

    def found(self) -> Iterator[Found]:
        """Itself, or what is in it; OSError when it cannot be opened."""
        return found_in_file(self._path, self.name)


def is_url(text: str) -> bool:
    """Whether somebody means a server and no file."""
    return text.lower().startswith(("http://", "https://"))


def local_source(text: str) -> Folder | OrthancFolder | SingleFile:
    """The source a path names; a link there is followed, because a person has typed it.  BadRequest, OSError."""
    path = Path(os.path.realpath(text))
    if path.is_dir():
        with os.scandir(path):  # OSError when it cannot be read
            pass
        return OrthancFolder(path) if is_orthanc_storage(path) else Folder(path)
    path.stat()
    if not path.is_file():
        raise BadRequest(f"{printable(text)} is neither a folder nor a regular file.")
    return SingleFile(path)


def remote_source(url: str, *, user: str = "", password: str = "") -> Remote:
    """The server a URL names; user and password count when the URL has none.  BadRequest."""
    from dataclasses import replace

    address = Address.of(url)
    if user or password:
        address = replace(address, user=address.user or user, password=address.password or password)
    return Remote(address)
